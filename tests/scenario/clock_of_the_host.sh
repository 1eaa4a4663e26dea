#!/usr/bin/env bash
# The host's clock is 3 hours ahead of the database's, then 3 hours behind: everything goes by the database's, and orchestratord says that the two
# differ.
. "$(dirname "$0")/lib.sh"

devices=4
export ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}

# on_a_host SECONDS COMMAND...: whose clock is so far ahead of ours; below 0: behind it
on_a_host() {
    LD_PRELOAD=$build/tests/chaos/host_clock.so HOST_CLOCK_SECONDS=$1 "${@:2}"
}

# when_orchestratord_moves_to_a_host SECONDS
when_orchestratord_moves_to_a_host() {
    kill -TERM "$(services pid orchestratord)"
    while [ -n "$(services pid orchestratord)" ]; do sleep 0.05; done
    on_a_host "$1" "$build/bin/orchestratord" --config "$work/state/orchestratord.conf" >> "$work/state/orchestratord.log" 2>&1 &
    helpers=($!)
    local end=$((SECONDS + patience))
    until curl --silent --fail "$ORCHESTRATOR_URL/readyz" > "$work/readyz"; do
        [ $SECONDS -lt $end ] || fail "orchestratord is not ready: $(tail -n 5 "$work/state/orchestratord.log")" || return 1
        sleep 0.1
    done
}

# readyz FILTER
readyz() {
    jq --exit-status "$1" "$work/readyz" > /dev/null || fail "/readyz says $(cat "$work/readyz"), not $1"
}

# moment INTERVAL: from now, by the database
moment() {
    sql "SELECT to_char((clock_timestamp() + interval '$1') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
}

says_differs() {
    grep -c 'event=clock_differs' "$work/state/orchestratord.log" || true
}

given_fleet $devices v1.0.0 --boot-seconds 0.1 --health-seconds 0.1
given_policy '.timeouts = {offer_seconds: 5, download_seconds: 10, confirm_seconds: 10}'
curl --silent --fail "$ORCHESTRATOR_URL/readyz" > "$work/readyz"
readyz '.clock_difference_seconds | fabs < 1'
readyz 'has("warning") | not'
[ "$(says_differs)" = 0 ]

number=0
for ahead in 10800 -10800; do
    echo "the host's clock is $ahead s ahead"
    number=$((number + 1))
    sql 'DELETE FROM events; DROP TABLE '"$(sql "SELECT 'events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")"
    when_orchestratord_moves_to_a_host $ahead
    readyz ".status == \"ready\" and (.clock_difference_seconds - $ahead | fabs < 1)"
    [ $ahead -gt 0 ] && words="10[78][0-9]+\\\\.[0-9]+ s ahead of" || words="10[78][0-9]+\\\\.[0-9]+ s behind"
    readyz ".warning | test(\"the host's clock is $words the database's\")"
    json "(.orchestrator.clock_difference_seconds - $ahead | fabs < 1)" fleet status
    [ "$(says_differs)" = $number ] || fail "the log says $(says_differs) times that the clocks differ"

    echo "... downloads work, events have the partition of the database's month"
    given_firmware "v1.$number.0"
    when_campaign "spring-$number" "v1.$number.0"
    then_campaign_is "spring-$number" completed
    then_devices_run "v1.$number.0" $devices
    [ "$(sql "SELECT count(*) FROM events WHERE tableoid::regclass::text <> 'events_' || to_char(at AT TIME ZONE 'UTC', 'YYYY_MM')")" = 0 ] ||
        fail "events are not in their partitions"
    [ "$(sql 'SELECT count(*) FROM events')" -gt 0 ]

    echo "... the end of a campaign is a moment of the database's clock"
    release=$(full "v1.$number.0")
    ctl 1 'is over' campaign create "over-$number" --firmware "$release" --policy "$work/policy.json" --end-at "$(moment '-1 hour')"
    ctl 0 '' campaign create "to-come-$number" --firmware "$release" --policy "$work/policy.json" --end-at "$(moment '1 hour')"

    echo "... and so is the name of a campaign of one device, wherever it was asked for"
    given_firmware "v1.$number.1"
    device=$(sql "SELECT min(device_id) FROM devices")
    on_a_host $ahead orchestratorctl device upgrade "$device" --to "$(full "v1.$number.1")" > "$work/out"
    eventually t "SELECT abs(extract(epoch FROM now()) - substring(name FROM '[0-9]+\$')::bigint) < 100
        FROM campaigns WHERE name LIKE 'upgrade-%-1${number}1-%'"
    then_devices_run "v1.$number.1" 1
done
