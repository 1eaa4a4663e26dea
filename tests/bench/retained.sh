#!/usr/bin/env bash
# The retained presence messages of a whole fleet wait in the broker as orchestratord starts. How long a report waits for them, which a
# device sends as soon as orchestratord hears it; and when all of them have been read. In the end with two orchestrators: each presence
# message that a device sends is stored once.
#   retained.sh [DEVICES] (1000000)
# Fails when the report waits longer than RETAINED_SECONDS (2).
set -euo pipefail
count=${1:-${RETAINED_DEVICES:-1000000}}
limit=${RETAINED_SECONDS:-2}
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

log=$work/state/orchestratord.log
services down > "$work/log"
services --services up > "$work/log"
# shellcheck disable=SC1091
. "$work/state/env"
devices "$count"
sql "SELECT 'fota/v1/' || device_id || '/presence' || E'\t' || '{\"online\":true,\"session\":\"'
         || substr(md5(device_id), 1, 8) || '.1\"}' FROM devices" > "$work/retained"
"$build/bench/publish" "$MQTT_ADDRESS" 10 100 "$work/retained" retain > "$work/log"

# seconds_of TIME: of a log line's time, or of the database
seconds_of() {
    date --date "$1" +%s.%N
}
# time_of EVENT [WORDS]: when the log said it first, since orchestratord was started
time_of() {
    local line
    line=$(tail -n "+$from" "$log" | grep -m 1 "event=$1 .*${2:-}") || return 1
    line=${line#time=}
    seconds_of "${line%% *}"
}
# until_said EVENT WORDS SECONDS
until_said() {
    local end=$((SECONDS + $3))
    until time_of "$1" "$2" > "$work/said"; do
        [ $SECONDS -lt $end ] || { echo "no event $1 in $3 seconds" >&2 && return 1; }
        sleep 0.05
    done
}

# A device that says hello once a broker has a subscriber for it: QoS 1 and a clean session lose what comes earlier.
hello='{"report":"hello","version":"v1.0.1t'$ptype'(a)","slot":1,"boot":"confirmed","sha256":"'$(printf '0%.0s' {1..64})'","reset_reason":"power_on","session":"'
hello+=$(sql "SELECT substr(md5('lamp-00000001'), 1, 8)").1'"}'
from=$(($(wc -l < "$log") + 1))
started=$EPOCHREALTIME
services up > "$work/log" 2>&1 & # it gives up when orchestratord is not ready within half a minute; that goes on
starts=$!
until_said broker_connected for=reports 60
subscribed=$(cat "$work/said")
said=$EPOCHREALTIME
mosquitto_pub --host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username lamp-00000001 --qos 1 \
    --topic fota/v1/lamp-00000001/report --message "$hello"
until_sql t "SELECT reported_at IS NOT NULL FROM devices WHERE device_id = 'lamp-00000001'"
stored=$(sql "SELECT extract(epoch FROM hello_at) FROM presence WHERE device_id = 'lamp-00000001'")
wait $starts || true
until_said presence_read '' 900
read_at=$(cat "$work/said")

measured 'presence messages retained' "$count" messages
measured '- orchestratord subscribes after' "$(calculate "$subscribed - $started" %.2f)" s
measured '- a report sent then is stored after' "$(calculate "$stored - $said" %.2f)" s
measured '- all retained messages are read after' "$(calculate "$read_at - $started" %.2f)" s

# reports_of URL: how many an orchestrator has stored
reports_of() {
    ORCHESTRATOR_URL=$1 orchestratorctl fleet status --json | jq .orchestrator.reports
}
second_url=http://127.0.0.1:$((${ORCHESTRATOR_URL##*:} + 1))
sed "s/^http_port = .*/http_port = ${second_url##*:}/; s|^cache_directory = .*|cache_directory = \"$work/second-images\"|" \
    "$work/state/orchestratord.conf" > "$work/second.conf"
orchestratord run --config "$work/second.conf" 2> "$work/second.log" &
helper=$!
helpers+=($helper)
until_sql 2 'SELECT count(*) FROM ops.orchestrators WHERE connected'
before=$(($(reports_of "$ORCHESTRATOR_URL") + $(reports_of "$second_url")))
head -n 1000 "$work/retained" | sed 's/\.1"/.2"/' > "$work/live"
"$build/bench/publish" "$MQTT_ADDRESS" 10 100 "$work/live" retain > "$work/log"
until_sql 1000 "SELECT count(*) FROM presence WHERE session LIKE '%.2'"
sleep 1 # a second copy would come by now
each=$(($(reports_of "$ORCHESTRATOR_URL") + $(reports_of "$second_url") - before))
measured '- of 1000 presence messages to two orchestrators are stored' $each messages
[ $each = 1000 ] || { echo "1000 presence messages were stored as $each" >&2 && exit 1; }
[ "$(calculate "$stored - $said <= $limit")" = 1 ] || { echo "the report waited longer than $limit s" >&2 && exit 1; }
