#!/usr/bin/env bash
# Row 2: offers out to 10,000 devices that are connected, from the opening of the campaign's wave until the last device has its own; beside one bare
# connection that publishes as many messages of the same length to the same devices.
#   dispatch.sh [DEVICES] (10000)
set -euo pipefail
count=${1:-${DISPATCH_DEVICES:-10000}}
runs=${RUNS:-3}
settings='offer_resend_seconds = 3600'
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
devices "$count"
policy

subscribers() {
    helper "$work/subscribers.log" "$build/bench/subscribers" "$MQTT_ADDRESS" "$count" "$count"
}
# seen FIELD
seen() {
    tail -n 1 "$work/subscribers.log" | jq ".$1"
}
for run in $(seq "$runs"); do
    subscribers
    firmware "v1.$run.0" 20480
    campaign "run-$run" "v1.$run.0"
    wait $helper
    opened=$(sql "SELECT extract(epoch FROM opened_at) FROM waves JOIN campaigns USING (campaign_id) WHERE campaigns.name = 'run-$run'")
    calculate "$count / ($(seen last) - $opened)" '%.0f\n' >> "$work/product"
    calculate "1000 * ($(seen first) - $opened)" '%.0f\n' >> "$work/first"
    length=$(calculate "$(seen bytes) / $count")
    orchestratorctl campaign cancel "run-$run" > "$work/log"
    until_sql t "UPDATE targets SET deadline = now() WHERE deadline > now(); SELECT bool_and(settled) FROM campaigns"

    subscribers
    awk -v size="$length" -v count="$count" 'BEGIN {
        for (i = 0; i < size; i++) text = text "x"
        for (i = 1; i <= count; i++) printf "fota/v1/lamp-%08d/command\t%s\n", i, text
    }' > "$work/messages"
    "$build/bench/publish" "$MQTT_ADDRESS" 1 500 "$work/messages" > "$work/publish.log"
    wait $helper
    calculate "$count / ($(seen last) - $(jq .began "$work/publish.log"))" '%.0f\n' >> "$work/bare"
done
measured "offers out to $count devices" "$(median < "$work/product")" offers/s "$(median < "$work/bare")" 'one bare connection that publishes'
measured '- length of an offer' "$length" bytes
measured '- from the opened wave to the first offer' "$(median < "$work/first")" ms
