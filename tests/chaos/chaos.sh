#!/usr/bin/env bash
# Two orchestrators update a fleet with faults while one of them, the broker or PostgreSQL is killed again and again, at random
# moments. Once the database answers none of them for longer than the deadlines, and once the broker is away for as long. At the end
# nothing is lost, nothing flashed twice, the cap was never passed, and only the devices with faults are counted as failures.
#   CHAOS_DEVICES (300), CHAOS_KILLS (8), CHAOS_SEED (drawn), CHAOS_DEADLINE (10: seconds of each deadline)
. "$(dirname "$0")/lib.sh"
. "$root/tests/scenario/outages.sh"
devices=${CHAOS_DEVICES:-300}
kills=${CHAOS_KILLS:-8}
RANDOM=${CHAOS_SEED:=$RANDOM}
cap=$((devices / 50 + 2))
deadline=${CHAOS_DEADLINE:-10}
away=$((deadline + 4))
patience=300
declare -A killed=([first]=0 [second]=0 [mosquitto]=0 [postgres]=0)

faulty=$((devices * 7 / 100))
given_fleet $((devices - faulty)) v1.0.5 --reconnect 0.3
given_fleet $faulty v1.0.5 --prefix faulty- --fail-download 29% --crash-on-boot 29% --fail-health 28% --silent 14% --reconnect 0.3
given_firmware v1.1.0
# Slow enough for all kills; failures are tried again, and do not halt it.
given_policy ".in_flight = $cap | .rate.per_minute = $((devices * 60 / (kills + 5))) | .waves |= map(.gate.success_percent = 50 |
    .gate.failure_percent = 60) | .timeouts = {offer_seconds: $deadline, download_seconds: $deadline, confirm_seconds: $deadline} |
    .retry = {attempts: 2, on: [\"failed\", \"reverted\"], backoff_seconds: 1}"

second_up() {
    sed "s/^http_port = .*/http_port = $(($(cat "$work/state/http.port") + 1))/
         s|^cache_directory = .*|cache_directory = \"$work/second-images\"|" "$work/state/orchestratord.conf" > "$work/second.conf"
    "$build/bin/orchestratord" --config "$work/second.conf" 2>> "$work/second.log" &
    second=$!
    helpers=("$second")
    disown # its end is no news
}

# Whatever does not run is started; the port may change, and then all that use it start anew.
all_up() {
    local before
    before=$(cat "$work/state/mosquitto.port" "$work/state/postgres.port")
    services up >> "$work/services.log" 2>&1 || { tail -n 20 "$work/services.log" && return 1; }
    if [ "$before" != "$(cat "$work/state/mosquitto.port" "$work/state/postgres.port")" ]; then
        fail "a port was taken by another program while its service was down: run it again"
    fi
    kill -0 "$second" 2> /dev/null || second_up
}

kill_one() {
    local names=(first second mosquitto postgres) name victim signal
    name=${names[RANDOM % 4]}
    case $name in
    first | mosquitto | postgres)
        victim=$(services pid "${name/first/orchestratord}")
        signal=KILL
        [ "$name$((RANDOM % 2))" != postgres0 ] || signal=QUIT # its immediate stop
        ;;
    second) victim=$second signal=KILL ;;
    esac
    if ! kill -0 "$victim" 2> /dev/null; then # the one just killed, that is not back yet
        kill_one
        return
    fi
    killed[$name]=$((killed[$name] + 1))
    kill -s "$signal" "$victim"
    sleep "0.$((RANDOM % 10))"
}

# Of both orchestrators all sessions; those that store reports are the last to go on.
stall_database() {
    then_serve 2
    local -a storing others
    mapfile -t storing < <(sessions 'orchestratord ingest%')
    mapfile -t others < <(sessions 'orchestratord%' | grep -vwF "$(printf '%s\n' "${storing[@]}")")
    when_stopped "${storing[@]}" "${others[@]}"
    sleep $away
    kill -CONT "${others[@]}"
    sleep 1
    when_continued
}

stall_at=$((kills / 4)) outage_at=$((kills / 2))
second_up
when_campaign storm v1.1.0
for ((i = 0; i < kills; i++)); do
    # All over the campaign, not while most of it has not begun.
    when_confirmed storm $((devices * 8 / 10 * i / kills))
    sleep "0.$((RANDOM % 10))"
    if [ $i -ge $stall_at ]; then
        stall_at=$kills
        stall_database
    fi
    if [ $i -ge $outage_at ]; then
        outage_at=$kills
        then_serve 2
        when_killed_for mosquitto $away
    fi
    kill_one
    if [ $((RANDOM % 3)) = 0 ] && [ $((i + 1)) -lt "$kills" ]; then
        kill_one # before the first is back
        i=$((i + 1))
    fi
    all_up
done
progress=$(sql "SELECT confirmed FROM ops.campaign_progress")
then_campaign_is storm completed
then_nothing_is_in_flight storm
# The last results are acknowledged, and every device has said what it runs.
eventually 0 "SELECT count(*) FROM presence WHERE NOT online AND device_id NOT IN (SELECT device_id FROM targets WHERE state = 'silent')"
sleep 2
when_fleets_end
then_nothing_was_lost
none "devices without a fault are counted as failures" "SELECT device_id, state, reason FROM targets
    WHERE state IN ('failed', 'reverted', 'silent') AND device_id NOT LIKE 'faulty-%'"
eventually t "SELECT count(*) >= 2 FROM ops.outages WHERE clock_stood_still AND seconds >= $((away - 1))"
then_cap_held storm "$cap"
echo "chaos: seed $CHAOS_SEED, $devices devices, $kills kills (orchestrator 1: ${killed[first]}, 2: ${killed[second]}, mosquitto: ${killed[mosquitto]}," \
    "PostgreSQL: ${killed[postgres]}), $progress confirmed by the last of them;" \
    "$(sql "SELECT confirmed || ' confirmed, ' || failed || ' failed, ' || reverted || ' reverted, ' || silent || ' silent, ' ||
        skipped || ' skipped, ' FROM ops.campaign_progress")$(sql "SELECT count(*) FROM events WHERE to_state = 'offered'") attempts;" \
    "nothing lost, nothing flashed twice"
