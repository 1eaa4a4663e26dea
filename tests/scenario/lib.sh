# The words the scenarios are written in. A scenario sources this, says given, when and then, and ends.
# Everything is real: PostgreSQL, mosquitto, orchestratord, orchestratorctl and fleetsim, private to the scenario.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${BUILD:-$root/build}" && pwd)
scenario=$(basename "$0" .sh)
work=$(mktemp -d "/tmp/fota-scenario.XXXXXX")
ptype=45772
patience=60 # seconds to wait for what must come
fleets=()
fleet_host=() # words before the command: where a fleet runs, when not here
helpers=() # other programs a scenario has started
cd "$root"

# --- the end: nothing is left, and a failure says what was there ------------------------------------------------------

tell_state() {
    echo "--- $scenario failed at line $1: what was there then"
    psql "$DATABASE_URL" -c 'SELECT campaign, kind, state, state_reason, members, pending, in_flight, confirmed,
        rejected, failed, reverted, silent, cancelled, skipped FROM ops.campaign_progress' \
        -c 'SELECT campaign, wave_name, state, verdict FROM ops.wave_progress ORDER BY campaign_id, wave' \
        -c 'SELECT * FROM ops.failures_by_reason' -c 'SELECT * FROM ops.rejected_reports' \
        -c 'SELECT * FROM ops.fleet_by_version' -c 'SELECT * FROM ops.outages ORDER BY ended DESC LIMIT 20' \
        -c 'SELECT * FROM ops.orchestrators' 2>&1 || true
    local log
    for log in "$work/state/orchestratord.log" "$work"/fleet-*.log; do
        [ ! -s "$log" ] || { echo "--- the end of $log" && grep -v level=debug "$log" | tail -n 40; }
    done
}

# Every scenario ends with this: the programs end well when told to, no device was flashed twice for one attempt or
# is bricked, and no sanitizer has complained.
programs_end_well() {
    local number summary log
    for number in "${!fleets[@]}"; do
        kill -TERM "${fleets[number]}"
        wait "${fleets[number]}" || fail "fleetsim ended with $?" || return 1
        summary=$(grep '^{' "$work/fleet-$number.log")
        jq --exit-status '.images_written_max_per_attempt <= 1 and .bricked == 0' <<< "$summary" > "$work/verdict" ||
            fail "a device was flashed twice, or is bricked: $summary" || return 1
    done
    fleets=()
    services down > "$work/services.log" 2>&1
    ! grep -sE '(Address|Leak|Thread)Sanitizer|runtime error:' "$work/state/orchestratord.log" "$work"/*.log ||
        fail "a sanitizer has complained" || return 1
    ! grep -q 'did not stop' "$work/services.log" || fail "$(cat "$work/services.log")"
}

# What a scenario has to put away itself: it may define this anew.
clean_up() {
    :
}

leave() {
    local code=$?
    trap - EXIT
    trap '' PIPE # whoever reads the output may be gone: clean up all the same
    if [ $code = 0 ]; then
        failed_line=end
        programs_end_well || code=1
    fi
    [ $code = 0 ] || tell_state "$failed_line"
    clean_up || true
    kill "${fleets[@]}" "${helpers[@]}" 2> /dev/null || true
    wait
    "$root/deploy/local/local.sh" --state "$work/state" --remove down > /dev/null || true
    rm -rf "$work"
    exit $code
}
failed_line=unknown
set -E
trap '[ ${#BASH_LINENO[@]} -lt 2 ] && failed_line=$LINENO || failed_line=${BASH_LINENO[-2]}' ERR
trap leave EXIT
trap 'exit 143' TERM INT

fail() {
    echo "$scenario: $*" >&2
    return 1
}

services() {
    "$root/deploy/local/local.sh" --state "$work/state" --build "$build" --fast "$@"
}

sql() {
    psql "$DATABASE_URL" --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --command "$1"
}

# full v1.1.0: the whole version text
full() {
    echo "${1}t$ptype(a)"
}

# What goes on while a scenario waits: it may define this anew.
meanwhile() {
    :
}

# eventually WANTED SQL: until the query gives that.
eventually() {
    local wanted=$1 query=$2 found= end=$((SECONDS + patience))
    while found=$(sql "$query"); [ "$found" != "$wanted" ]; do
        [ $SECONDS -lt $end ] || fail "after $patience seconds \"$found\", not \"$wanted\": $query" || return 1
        meanwhile
        sleep 0.1
    done
}

# --- one command ------------------------------------------------------------------------------------------------------

# exits CODE WORDS COMMAND...: the words stand on one of its two outputs.
exits() {
    local wanted=$1 words=$2 code=0
    shift 2
    timeout 30 "$@" > "$work/out" 2>&1 || code=$?
    [ $code = "$wanted" ] || fail "$* exited with $code, not $wanted: $(cat "$work/out")" || return 1
    grep -q -e "$words" "$work/out" || fail "$* does not say \"$words\": $(cat "$work/out")"
}

# ctl CODE WORDS COMMAND...: the same of orchestratorctl.
ctl() {
    exits "$1" "$2" orchestratorctl "${@:3}"
}

# json FILTER COMMAND...: holds for the answer of orchestratorctl.
json() {
    orchestratorctl "${@:2}" --json | jq --exit-status "$1" > /dev/null || fail "not so: $1"
}

# --- given ------------------------------------------------------------------------------------------------------------

# All of it, and the product.
given_an_orchestrator() {
    mkdir -p "$work/state"
    printf 'tick_milliseconds = 100\noffer_resend_seconds = 1\nlog_level = debug\n' > "$work/state/extra.conf"
    services up > "$work/services.log" 2>&1 || { cat "$work/services.log" && return 1; }
    # shellcheck disable=SC1091
    . "$work/state/env"
    orchestratorctl product create --name lamp --ptype "$ptype" > /dev/null
}

# given_fleet COUNT VERSION [fleetsim options]: registers the devices and starts them.
given_fleet() {
    local count=$1 version=$2 number=${#fleets[@]}
    shift 2
    [ -e "$work/state/env" ] || given_an_orchestrator
    local -a command=(fleetsim --devices "$count" --ptype "$ptype" --version "$(full "$version")"
        --mqtt "$MQTT_ADDRESS" --flashes "$work/flashes-$number.csv" "$@")
    local list=$work/fleet-$number.csv log=$work/fleet-$number.log
    "${command[@]}" --print-devices > "$list"
    grep -q '^id,' "$list" || sed -i '1i id,ptype,version' "$list"
    orchestratorctl device import "$list" > /dev/null
    "${fleet_host[@]}" "${command[@]}" --json > "$log" 2>&1 &
    fleets+=($!)
    local end=$((SECONDS + patience))
    until grep -qs '^ready: ' "$log"; do
        kill -0 "${fleets[-1]}" 2> /dev/null || fail "fleetsim ended: $(tail -n 5 "$log")" || return 1
        [ $SECONDS -lt $end ] || fail "fleetsim is not ready: $(tail -n 5 "$log")" || return 1
        sleep 0.1
    done
}

# given_firmware VERSION: images for both slots, small so that scenarios are quick.
given_firmware() {
    local version directory=$work/firmware-$1 slot
    version=$(full "$1")
    mkdir -p "$directory"
    for slot in 1 2; do
        "$build/tools/make_image" --slot $slot --size 20480 --version "$version" --output "$directory/user$slot.bin"
    done
    orchestratorctl firmware upload "$version" "$directory/user1.bin" "$directory/user2.bin" > /dev/null
}

# given_policy [JQ FILTER]: canary-then-wide without waiting, changed by the filter.
given_policy() {
    jq '.waves[0].soak_seconds = 0 | .rate.per_minute = 60000 |
        .timeouts = {offer_seconds: 20, download_seconds: 20, confirm_seconds: 20} |
        .offline.wait_seconds = 30 | '"${1:-.}" policies/canary-then-wide.json > "$work/policy.json"
}

# --- when -------------------------------------------------------------------------------------------------------------

# when_campaign NAME VERSION [orchestratorctl options]: created and started.
when_campaign() {
    local name=$1 version=$2
    shift 2
    [ -e "$work/policy.json" ] || given_policy
    orchestratorctl campaign create "$name" --firmware "$(full "$version")" --policy "$work/policy.json" \
        --start "$@" > /dev/null
}

# when_operator pause|resume|cancel|rollback NAME
when_operator() {
    orchestratorctl campaign "$1" "$2" > /dev/null
}

# when_confirmed NAME COUNT: the campaign has got at least so far.
when_confirmed() {
    eventually t "SELECT confirmed >= $2 FROM ops.campaign_progress WHERE campaign = '$1'"
}

when_orchestratord_is_killed() {
    kill -KILL "$(services pid orchestratord)"
}

when_orchestratord_starts_again() {
    services up > "$work/services.log" 2>&1 || { cat "$work/services.log" && return 1; }
}

# --- then -------------------------------------------------------------------------------------------------------------

# then_watch_ends NAME CODE: `campaign watch` goes on to the end and says how it was.
then_watch_ends() {
    local code=0
    timeout "$patience" orchestratorctl campaign watch "$1" > "$work/watch.log" 2>&1 || code=$?
    [ $code = "$2" ] || fail "campaign watch ended with $code, not $2: $(tail -n 5 "$work/watch.log")"
}

then_campaign_is() {
    eventually "$2" "SELECT state FROM ops.campaign_progress WHERE campaign = '$1'"
}

# then_wave_is CAMPAIGN WAVE STATE
then_wave_is() {
    eventually "$3" "SELECT state FROM ops.wave_progress WHERE campaign = '$1' AND wave_name = '$2'"
}

# then_targets CAMPAIGN STATE COUNT
then_targets() {
    eventually "$3" "SELECT $2 FROM ops.campaign_progress WHERE campaign = '$1'"
}

then_nothing_is_in_flight() {
    eventually 0 "SELECT in_flight FROM ops.campaign_progress WHERE campaign = '$1'"
}

# then_devices_run VERSION COUNT
then_devices_run() {
    eventually "$2" "SELECT coalesce(sum(devices), 0) FROM ops.fleet_by_version WHERE version = '$(full "$1")'"
}

# then_no_offer_goes_out NAME: for a while, the campaign stays as it is.
then_no_offer_goes_out() {
    local query="SELECT pending, in_flight, confirmed FROM ops.campaign_progress WHERE campaign = '$1'" before
    before=$(sql "$query")
    sleep 2
    [ "$(sql "$query")" = "$before" ] || fail "$1 moved from $before to $(sql "$query")"
}

# then_wave_was_not_touched CAMPAIGN WAVE: no device of it was ever offered anything.
then_wave_was_not_touched() {
    eventually t "SELECT pending = members FROM ops.wave_progress WHERE campaign = '$1' AND wave_name = '$2'"
    eventually 0 "SELECT count(*) FROM targets t JOIN waves w USING (campaign_id, wave)
        JOIN campaigns c USING (campaign_id) WHERE c.name = '$1' AND w.name = '$2' AND t.attempt > 0"
}

# then_every_device_was_updated_once CAMPAIGN
then_every_device_was_updated_once() {
    eventually 0 "SELECT count(*) FROM targets t JOIN campaigns c USING (campaign_id)
        WHERE c.name = '$1' AND (t.attempt <> 1 OR t.state <> 'confirmed')"
    eventually 0 "SELECT count(*) FROM (SELECT device FROM ops.device_timeline
        WHERE campaign = '$1' AND to_state = 'installed' GROUP BY device HAVING count(*) > 1) AS twice"
}

# then_everything_adds_up: states to members, and versions to devices.
then_everything_adds_up() {
    eventually 0 'SELECT count(*) FROM ops.campaign_progress WHERE members <> pending + offered + accepted
        + downloading + installed + trial + confirmed + rejected + failed + reverted + silent + cancelled + skipped'
    eventually t 'SELECT (SELECT sum(devices) FROM ops.fleet_by_version) = (SELECT count(*) FROM devices)'
    eventually t 'SELECT coalesce((SELECT sum(members) FROM ops.wave_progress), 0) =
        (SELECT coalesce(sum(members), 0) FROM ops.campaign_progress)'
}
