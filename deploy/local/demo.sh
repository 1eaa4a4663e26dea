#!/usr/bin/env bash
# `make demo`: a release goes to 200 simulated devices, canary first; the next one fails its health check on most
# devices, and the canary gate stops it. Exits 0 only if the database says so. Everything is private to the demo,
# a running `make up` is not disturbed, and nothing is left.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${BUILD:-$root/build}" && pwd)
state=$build/demo
devices=200
old='v1.0.5t45772(a)' good='v1.1.0t45772(a)' bad='v1.2.0t45772(a)'
policy=policies/canary-then-wide.json
started=$SECONDS
failed=
fleet=
watcher=
cd "$root"

title() {
    printf '\n=== %s\n' "$*"
}

# Says what it runs, so that it can be typed again, then runs it.
run() {
    local word line='$'
    for word; do
        word=${word#"$build/"}
        [[ $word =~ ^[A-Za-z0-9_./-]+$ ]] || word="'$word'"
        line+=" $word"
    done
    echo "$line"
    "$@" 8>&-
}

give_up() {
    echo "demo: $*" >&2
    exit 1
}

services() {
    "$root/deploy/local/local.sh" --state "$state" --build "$build" "$@"
}

sql() {
    psql "$DATABASE_URL" --no-psqlrc --quiet --pset pager=off --set ON_ERROR_STOP=1 "$@"
}

# check TEXT QUERY: the query must give t.
check() {
    if [ "$(sql --tuples-only --no-align --command "$2")" = t ]; then
        echo "  ok      $1"
    else
        echo "  FAILED  $1"
        failed=yes
    fi
}

show() {
    printf '\n-- %s\n' "$1"
    sql --pset footer=off --command "$2"
}

# A fleet of a demo that was killed: ours only if it still is that program.
stop_fleet() {
    local pid
    pid=$(cat "$state/fleetsim.pid" 2> /dev/null || true)
    if [ -n "$pid" ] && [ "$(tr '\0' '\n' < "/proc/$pid/cmdline" 2> /dev/null | head -n 1)" = "$build/bin/fleetsim" ]; then
        kill "$pid" 2> /dev/null || true
        [ -z "$fleet" ] || wait "$fleet" || true
    fi
}

leave() {
    local code=$?
    trap - EXIT
    if [ $code != 0 ] && [ -s "$state/orchestratord.log" ]; then
        echo "demo: the last lines of orchestratord's log:" >&2
        tail -n 15 "$state/orchestratord.log" | sed 's/^/    /' >&2
    fi
    [ -z "$watcher" ] || kill $watcher 2> /dev/null || true
    stop_fleet
    services --remove down > /dev/null || true
    exit $code
}

make_images() {
    local slot directory=$state/firmware/$1
    mkdir -p "$directory"
    for slot in 1 2; do
        "$build/tools/make_image" --slot $slot --size 409600 --version "$1" --output "$directory/user$slot.bin"
    done
}

start_fleet() {
    local -a command=("$build/bin/fleetsim" --devices $devices --ptype 45772 --version "$old" --mqtt "$MQTT_ADDRESS"
        --fault-version "$bad" --fail-health 0.8)
    "${command[@]}" --print-devices > "$state/devices.csv"
    grep -q '^id,' "$state/devices.csv" || sed -i '1i id,ptype,version' "$state/devices.csv"
    run orchestratorctl device import "$state/devices.csv"
    "${command[@]}" > "$state/fleetsim.log" 2>&1 &
    fleet=$!
    echo $fleet > "$state/fleetsim.pid"
    local tries=300
    until grep -s '^ready: ' "$state/fleetsim.log"; do
        kill -0 $fleet 2> /dev/null && [ $tries -gt 0 ] || give_up "fleetsim: $(tail -n 5 "$state/fleetsim.log")"
        sleep 0.1
        tries=$((tries - 1))
    done
}

# watch NAME CODE: with live progress on a terminal.
watch() {
    local code=0
    printf '$ orchestratorctl campaign watch %s\n' "$1"
    timeout --foreground 120 orchestratorctl campaign watch "$1" --interval 0.5 8>&- &
    watcher=$! # in the background, so that a signal ends the demo at once
    wait $watcher || code=$?
    watcher=
    [ $code = "$2" ] || give_up "campaign watch ended with $code, not $2"
}

# What is started does not keep the lock (8>&-), so that a demo that was killed does not hold up the next one.
exec 8> "$build/demo.lock"
flock -n 8 || { echo "demo: another one runs on $build" >&2 && exit 1; }
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
stop_fleet
services --remove down > /dev/null # what a killed demo may have left

title "PostgreSQL, mosquitto and orchestratord, private to this demo"
services up 8>&-
# shellcheck disable=SC1091
. "$state/env"

title "A product, and $devices simulated devices that run $old"
run orchestratorctl product create --name lamp --ptype 45772
start_fleet 8>&-

title "A release for both slots, and a campaign: canary, then wide"
make_images "$good"
run orchestratorctl firmware upload "$good" "$state/firmware/$good/user1.bin" "$state/firmware/$good/user2.bin"
run orchestratorctl campaign create june --firmware "$good" --from '>=v1.0.0 <v1.1.0' --policy "$policy" --start
watch june 0

title "The next release fails its health check on most devices: the canary gate must stop it"
make_images "$bad"
run orchestratorctl firmware upload "$bad" "$state/firmware/$bad/user1.bin" "$state/firmware/$bad/user2.bin"
run orchestratorctl campaign create july --firmware "$bad" --from '>=v1.1.0 <v1.2.0' --policy "$policy" --start
watch july 4

title "The dashboards, by SQL"
show "fleet by version and slot" 'SELECT * FROM ops.fleet_by_version ORDER BY version, slot'
show "campaigns" 'SELECT campaign, firmware, state, members, pending, confirmed, reverted, failures, percent_ended
    FROM ops.campaign_progress ORDER BY campaign_id'
show "waves" 'SELECT campaign, wave_name, state, members, pending, confirmed, reverted, verdict
    FROM ops.wave_progress ORDER BY campaign_id, wave'
show "failures by reason" 'SELECT campaign, version, state, reason, devices FROM ops.failures_by_reason'
show "one canary device" "SELECT at::time(0), campaign, attempt, to_state, reason FROM ops.device_timeline
    WHERE device = (SELECT min(device) FROM ops.device_timeline WHERE to_state = 'reverted') ORDER BY ops.device_timeline.at"

title "What the database must say"
progress="FROM ops.campaign_progress WHERE campaign"
canary="FROM ops.wave_progress WHERE wave_name = 'canary' AND campaign"
runs="(SELECT coalesce(sum(devices), 0) FROM ops.fleet_by_version WHERE version ="
check "june is completed, and all $devices devices are confirmed" \
    "SELECT state = 'completed' AND members = $devices AND confirmed = $devices $progress = 'june'"
check "july is halted, with nothing in flight" "SELECT state = 'halted' AND in_flight = 0 $progress = 'july'"
check "its canary wave failed: devices reverted, more than the gate allows" \
    "SELECT state = 'failed' AND reverted >= 0.2 * members AND reverted + confirmed = members $canary = 'july'"
check "every reverted canary device is back on $good" \
    "SELECT count(*) FILTER (WHERE d.version <> '$good') = 0 AND count(*) > 0 FROM targets t
     JOIN campaigns c USING (campaign_id) JOIN devices d USING (device_id)
     WHERE c.name = 'july' AND t.state = 'reverted'"
check "because of the health check, as the devices say" \
    "SELECT bool_and(state = 'reverted' AND reason = 'health_check') FROM ops.failures_by_reason WHERE campaign = 'july'"
check "no wide device was touched" \
    "SELECT w.state = 'pending' AND w.pending = w.members AND NOT EXISTS (SELECT FROM targets t
     WHERE t.campaign_id = w.campaign_id AND t.wave = 1 AND t.attempt > 0) FROM ops.wave_progress w
     WHERE w.wave_name = 'wide' AND w.campaign = 'july'"
check "$bad runs only where the canary confirmed it, $good everywhere else" \
    "SELECT $runs '$bad') = confirmed AND $runs '$good') = $devices - confirmed $canary = 'july'"
check "the states of every campaign add up to its members" \
    "SELECT bool_and(members = pending + in_flight + confirmed + rejected + failed + reverted + silent + cancelled
     + skipped) FROM ops.campaign_progress"

[ -z "$failed" ] || give_up "the database says otherwise"
title "All of it holds, after $((SECONDS - started)) seconds"
