#!/usr/bin/env bash
# Row 7: how long a gate takes. From the report that decides a wave, as it leaves the device, until the first device of the next wave has its offer; and
# until a device in flight is told to stop, where the report makes the gate halt. Sixty and more of each, waves of four devices.
#   latency.sh [CAMPAIGNS [HALTS]] (2 60)    (of 32 waves, as many as there can be)
set -euo pipefail
campaigns=${1:-${LATENCY_CAMPAIGNS:-2}} halts=${2:-${LATENCY_HALTS:-60}}
wave=4 waves=32
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
devices $((campaigns * waves * wave + halts * 2))
sql "UPDATE devices SET tags = ARRAY[CASE WHEN n < $((campaigns * waves * wave)) THEN 'waves-' || n / $((waves * wave)) ELSE 'pair-' || n / 2 END]
     FROM (SELECT device_id, row_number() OVER (ORDER BY device_id) - 1 AS n FROM devices) numbered WHERE numbered.device_id = devices.device_id"
firmware v1.1.0 20480

say_both() {
    measured "$1, median" "$(calculate "1000 * $(median < "$2")" %.1f)" ms 200 'what was aimed at' less
    measured "- 99th percentile of $(wc -l < "$2")" "$(calculate "1000 * $(percentile 0.99 < "$2")" %.1f)" ms 1000 'what was aimed at' less
}
devices_of() {
    helper "$work/$1" "$build/bench/gate_devices" "$MQTT_ADDRESS" "$@"
}
policy "(.waves[0] | .gate.success_percent = 100 | .gate.finished_percent = 100) as \$wave
    | .waves = [range($waves - 1) as \$n | \$wave | .name = \"wave-\\(\$n)\" | .size = {count: $wave}] + [\$wave | .name = \"last\"]"
for number in $(seq 0 $((campaigns - 1))); do
    devices_of promote $wave $((waves - 1))
    campaign "waves-$number" v1.1.0 --tag "waves-$number"
    wait $helper
    grep -v ready "$work/promote" >> "$work/promoted"
    orchestratorctl campaign cancel "waves-$number" > "$work/log"
done
say_both 'from the deciding report to the first offer of the next wave' "$work/promoted"

# Campaigns of two devices of their own each, one after the other.
policy '.waves[0].gate.failure_percent = 25'
devices_of halt 2 "$halts"
for number in $(seq 0 $((halts - 1))); do
    campaign "pair-$number" v1.1.0 --tag "pair-$((campaigns * waves * wave / 2 + number))"
    until_sql halted "SELECT state FROM campaigns WHERE name = 'pair-$number'" 20
    until_line "$work/halt" . $((number + 2)) # ready, and a line of each so far
    orchestratorctl campaign cancel "pair-$number" > "$work/log"
done
wait $helper
grep -v ready "$work/halt" > "$work/halted"
say_both 'from the deciding report to the halt' "$work/halted"
