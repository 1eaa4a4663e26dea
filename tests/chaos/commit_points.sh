#!/usr/bin/env bash
# kill -9 of orchestratord before and after each COMMIT of its work, and in between: once for each point, in the middle of a
# campaign that then goes on with another process. Nothing is lost, and no device is flashed twice.
. "$(dirname "$0")/lib.sh"

# STATEMENT COUNT: the count makes sure that there is something of it behind and before us.
points="commit:target_fill 1
commit:campaign_move 1
commit:wave_move 1
commit:target_claim 2
target_offered 2
commit:target_outbox 3
commit:target_read 5
target_read 6
target_reported 7
copy 6
wave_count 5
presence_update 5
publish 4"

devices=12
given_fleet $devices v1.0.0 --reconnect 0.3 --boot-seconds 0.1 --health-seconds 0.1
given_policy '.in_flight = 4 | .waves[0].size = {"count": 3}'
sed "s|^cache_directory = .*|cache_directory = \"$work/other-images\"|" "$work/state/orchestratord.conf" > "$work/other.conf"
export ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}

# with_one_that_dies POINT: in the place of the orchestrator of the services.
with_one_that_dies() {
    when_orchestratord_is_killed
    while [ -n "$(services pid orchestratord)" ]; do sleep 0.02; done # its port is free again
    LD_PRELOAD=$build/tests/chaos/kill_at.so KILL_AT=$1 "$build/bin/orchestratord" --config "$work/other.conf" 2> "$work/other.log" &
    other=$!
    helpers=("$other")
}

number=0
reached=0
while read -r statement count; do
    for when in before after; do
        number=$((number + 1))
        version=v$((1 + number / 10)).$((number % 10)).0
        given_firmware "$version"
        with_one_that_dies "$when $statement,$count"
        until curl --silent --fail "$ORCHESTRATOR_URL/readyz" > /dev/null || ! kill -0 "$other" 2> /dev/null; do sleep 0.05; done
        when_campaign "at-$number" "$version" || true # the answer may die with it
        end=$((SECONDS + 30))
        while kill -0 "$other" 2> /dev/null; do
            [ $SECONDS -lt $end ] || fail "never came to \"$when $statement\" for the $count. time: $(tail -n 3 "$work/other.log")"
            sleep 0.05
        done
        wait "$other" 2> /dev/null || true
        helpers=()
        grep -q 'kill_at: the point is reached' "$work/other.log" || fail "ended otherwise: $(tail -n 5 "$work/other.log")"
        reached=$((reached + 1))
        when_orchestratord_starts_again
        # What was asked for just as it died may not have been done: then the operator asks again.
        if [ "$(sql "SELECT count(*) FROM campaigns WHERE name = 'at-$number'")" = 0 ]; then
            when_campaign "at-$number" "$version"
        elif [ "$(sql "SELECT state FROM campaigns WHERE name = 'at-$number'")" = draft ]; then
            orchestratorctl campaign start "at-$number" > /dev/null
        fi
        then_campaign_is "at-$number" completed
        then_targets "at-$number" confirmed $devices
        then_cap_held "at-$number" 4
    done
done <<< "$points"
then_devices_run "$version" $devices
sleep 2 # the last acks
when_fleets_end
then_nothing_was_lost
echo "$reached points reached; $number campaigns of $devices devices; nothing lost, nothing flashed twice"
