#!/usr/bin/env bash
# One device sends thousands of messages of each kind. The others do not wait until those are stored: most are dropped and counted.
. "$(dirname "$0")/lib.sh"

# Of another product than the fleet, so that no campaign has them.
own_version() {
    echo "${1}t45773(a)"
}

clean_up() {
    rm -f "$work/flooding" # the stream ends
}

# as DEVICE [options of mosquitto_pub]: publishes to its report topic
as() {
    mosquitto_pub --host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username "$1" \
        --topic "fota/v1/$1/report" "${@:2}"
}

hello() {
    echo '{"report":"hello","version":"'"$(own_version "$1")"'","slot":1,"boot":"confirmed","sha256":"'"$(printf '0%.0s' {1..64})"'","reset_reason":"power_on"}'
}

# numbered COUNT REPORT [members]: reports of an attempt each, of a campaign that there is not
numbered() {
    seq -f '{"report":"'"$2"'","campaign":999,"attempt":%.0f'"${3:-}"'}' "$1"
}

# heard DEVICE VERSION: its hello of this version is stored. 15 seconds are half of what the broker's next ping takes.
heard() {
    patience=15 eventually "$(own_version "$2")" "SELECT version FROM devices WHERE device_id = '$1'"
}

count_of() {
    sql "SELECT sum(count) FROM ops.rejected_reports WHERE kind $1"
}

# then_other_is_heard VERSION [MOST]: and at most so many messages of the flood were stored before that. Sets $handled.
then_other_is_heard() {
    local before=$handled
    as other --qos 1 --message "$(hello "$1")"
    heard other "$1"
    handled=$(count_of "<> 'over_limit'")
    [ $((handled - before)) -le "${2:-300}" ] || fail "$((handled - before)) reports of the flood were stored before $1"
}

# then_dropped COUNT: at least so many since the last time
then_dropped() {
    patience=60 eventually t "SELECT count >= $dropped + $1 AND last_device = 'flood' FROM ops.rejected_reports WHERE kind = 'over_limit'"
    dropped=$(count_of "= 'over_limit'")
}

given_fleet 20 v1.0.5
given_firmware v1.1.0
orchestratorctl product create --name valve --ptype 45773 > /dev/null
for device in flood other; do
    orchestratorctl device register "$device" --ptype 45773 --version "$(own_version v1.0.0)" > /dev/null
done
handled=0 dropped=0

# More at QoS 0 than an orchestrator takes without an acknowledgement that it could send.
numbered 2100 accepted | as flood --qos 0 -l
then_other_is_heard v1.0.1
then_dropped 1500

numbered 20000 accepted | as flood --qos 1 -l
then_other_is_heard v1.0.2
then_dropped 19000

numbered 20000 failed ',"reason":"flash_error"' | as flood --qos 1 -l
then_other_is_heard v1.0.3 10000 # 32 a batch
then_dropped 8000

yes nonsense 2> "$work/yes.log" | head -n 20000 | as flood --qos 1 -l || true # yes ends by a signal
then_other_is_heard v1.0.4
then_dropped 19000

# Hellos replace one another, and the last word is heard.
{ yes "$(hello v1.0.8)" 2> "$work/yes.log" || true; } | head -n 20000 | as flood --qos 1 -l
as flood --qos 1 --message "$(hello v1.0.9)"
then_other_is_heard v1.0.5
heard flood v1.0.9

# A stream of all that does not end, and meanwhile a campaign: no device of it is silent.
touch "$work/flooding"
while [ -e "$work/flooding" ]; do
    numbered 50 accepted
    numbered 50 failed ',"reason":"flash_error"'
    for _ in {1..20}; do hello v1.0.8; done
    sleep 0.05
done | as flood --qos 1 -l &
helpers+=($!)
when_campaign july v1.1.0
then_campaign_is july completed
then_targets july confirmed 20
then_every_device_was_updated_once july
then_other_is_heard v1.0.6 100000
then_dropped 1000
kill -0 "${helpers[0]}" || fail "the stream has ended"
rm "$work/flooding"
wait "${helpers[0]}"
helpers=()
heard flood v1.0.8
then_everything_adds_up

# The log has some lines of it, and says how many it has not.
as other --qos 1 --message nonsense
eventually other "SELECT last_device FROM ops.rejected_reports WHERE kind = 'not_json'"
lines=$(grep -c 'level=warning.*device=flood' "$work/state/orchestratord.log")
[ "$lines" -le 300 ] || fail "$lines lines of the log are about the flood"
end=$((SECONDS + patience))
until grep -q 'event=report_rejected.*device=other.*suppressed=[1-9]' "$work/state/orchestratord.log"; do
    [ $SECONDS -lt $end ] || fail "no line says how many were suppressed"
    sleep 0.1
done

# A client of the API that is refused is no louder.
for _ in {1..60}; do
    curl --silent --output "$work/refused" --header 'Authorization: Bearer wrong' "$ORCHESTRATOR_URL/v1/fleet/status"
done
lines=$(grep -c 'level=warning event=http_refused' "$work/state/orchestratord.log")
[ "$lines" -ge 10 ] && [ "$lines" -le 20 ] || fail "$lines lines of the log are about 60 refusals"
