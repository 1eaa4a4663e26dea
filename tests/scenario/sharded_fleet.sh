#!/usr/bin/env bash
# fleetsim in three processes: one summary, as many faults as in one process, less memory for a device's flash than its image has (20 KB), as equal
# sectors are kept once, and the exit code of the worst.
. "$(dirname "$0")/lib.sh"

children() {
    cat "/proc/$1/task/$1/children"
}

# Given 90 devices in three processes, two of ten with a fault, each of which hashes its image itself
given_fleet 90 v1.0.5 --shards 3 --hash-each --fail-download 10% --fail-health 10% --seed 7
grep -qx 'ready: 90 devices connected' "$work/fleet-0.log"
[ "$(children "${fleets[0]}" | wc -w)" = 3 ]
given_firmware v1.1.0
# Of a canary of five, three may be among the faulty ones.
given_policy '.waves = [.waves[-1] | .gate.success_percent = 50 | .gate.failure_percent = 60]'

# When they are updated
when_campaign spring v1.1.0
then_campaign_is spring completed
then_targets spring confirmed 72

# When they are told to end, then there is one summary of all
kill -TERM "${fleets[0]}"
wait "${fleets[0]}"
jq --exit-status '.devices == 90 and .connected == 90 and .confirmed == 72 and .reverted == 9 and .bricked == 0 and
    .images_written == 81 and .images_written_max_per_attempt == 1 and .flash_bytes_per_device < 16384 and
    .flash_bytes_per_device > 4096 and .versions == {"v1.0.5t45772(a)": 18, "v1.1.0t45772(a)": 72}' <(grep '^{' "$work/fleet-0.log") \
    > "$work/out" || fail "$(cat "$work/fleet-0.log")"
[ "$(wc -l < "$work/flashes-0.csv")" = 91 ] && [ "$(cut -d, -f1 "$work/flashes-0.csv" | sort -u | wc -l)" = 91 ]
fleets=()

# When one of the processes is killed, then it is said, the others' devices are in the summary, and the exit code is that of the worst
fleetsim --devices 6 --shards 3 --first 1000 --version "$(full v1.0.5)" --mqtt "$MQTT_ADDRESS" --json > "$work/killed.log" 2>&1 &
fleet=$!
helpers+=($fleet)
until grep -qs '^ready: 6' "$work/killed.log"; do sleep 0.1; done
kill -KILL "$(children $fleet | cut -d ' ' -f 1)"
kill -TERM $fleet
code=0
wait $fleet || code=$?
[ $code = 137 ] || fail "exit code $code: $(cat "$work/killed.log")"
grep -q 'shard 1 has ended without a summary' "$work/killed.log"
jq --exit-status '.devices == 4' <(grep '^{' "$work/killed.log") > "$work/out"
helpers=()
# The shares of all processes are the faults of one: of 3 devices one, whichever process has it
fleetsim --devices 3 --shards 3 --offline 34% --version "$(full v1.0.5)" --mqtt "$MQTT_ADDRESS" --run-seconds 2 > "$work/three.log"
grep -qx 'ready: 2 devices connected' "$work/three.log" || fail "$(cat "$work/three.log")"
exits 2 'there are only 2 devices' fleetsim --devices 2 --shards 3 --version "$(full v1.0.5)" --mqtt "$MQTT_ADDRESS"
