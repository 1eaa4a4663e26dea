#!/usr/bin/env bash
# A device of nothing but mosquitto_sub, mosquitto_pub, curl, jq and sha256sum, written from docs/protocol.md, gets through
# a campaign; and what a confused device sends is counted and changes nothing.
. "$(dirname "$0")/lib.sh"

device=by-hand
given_an_orchestrator
given_firmware v1.1.0
orchestratorctl device register "$device" --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null

mqtt=(--host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username "$device" --qos 1)
old_sha256=$(printf '0%.0s' {1..64})

say() { # say REPORT: to the report topic
    mosquitto_pub "${mqtt[@]}" --topic "fota/v1/$device/report" --message "$1"
}

# The device's ear, with its last will; then what it says at every connect.
mosquitto_sub "${mqtt[@]}" --topic "fota/v1/$device/command" --will-topic "fota/v1/$device/presence" \
    --will-payload '{"online":false}' --will-qos 1 --will-retain > "$work/commands" &
helpers+=($!)
mosquitto_pub "${mqtt[@]}" --topic "fota/v1/$device/presence" --message '{"online":true}' --retain
say '{"report":"hello","version":"'"$(full v1.0.5)"'","slot":1,"boot":"confirmed","sha256":"'"$old_sha256"'","reset_reason":"power_on"}'
eventually "$(full v1.0.5)" "SELECT version FROM devices WHERE device_id = '$device' AND slot = 1"
eventually t "SELECT online FROM presence WHERE device_id = '$device'"

when_campaign single v1.1.0
wait_for_command() { # wait_for_command NAME: prints the latest one
    local end=$((SECONDS + patience))
    until jq -ce "select(.command == \"$1\")" "$work/commands" 2> /dev/null | tail -n 1 | grep .; do
        [ $SECONDS -lt $end ] || fail "no $1 came" || return 1
        sleep 0.1
    done
}
update=$(wait_for_command update)
from_update() {
    jq -r "$1" <<< "$update"
}
attempt="\"campaign\":$(from_update .campaign),\"attempt\":$(from_update .attempt)"
say '{"report":"accepted",'"$attempt"'}'

# The inactive slot is 2. HEAD for the length, GET in two parts as after a break.
url=$(from_update '.images["2"].url')
size=$(from_update '.images["2"].size')
curl -sS --head "$url" | tr -d '\r' | grep -qix "content-length: $size" || fail "HEAD does not say $size bytes"
say '{"report":"downloading",'"$attempt"',"progress":0}'
curl -sS --fail --http1.0 --range 0-9999 "$url" > "$work/image"
curl -sS --fail --range 10000- "$url" >> "$work/image"
cmp "$work/image" "$work/firmware-v1.1.0/user2.bin"
sha256=$(sha256sum "$work/image" | cut -d ' ' -f 1)
[ "$sha256" = "$(from_update '.images["2"].sha256')" ] || fail "the image is not the one that was offered"
say '{"report":"installed",'"$attempt"'}'

# The right to download is this device's, for this image.
[ "$(curl -sS -o /dev/null -w '%{http_code}' "${url/device=$device/device=other}")" = 403 ] || fail "another device may fetch it"

# What is wrong is counted, each under its name, and changes nothing.
say 'not json'
say '{"report":"hello","device":"someone-else"}'
say '{"report":"accepted","campaign":999,"attempt":1}'
head -c 1048576 /dev/zero | tr '\0' ' ' | mosquitto_pub "${mqtt[@]}" --topic "fota/v1/$device/report" --stdin-file
proof='"version":"'"$(full v1.1.0)"'","slot":2,"sha256":"'"$sha256"'"}'
say '{"report":"confirmed",'"$attempt"',"nonce":"0000000000000000",'"$proof"
for kind in not_json device_mismatch unknown_target too_large nonce_mismatch; do
    eventually 1 "SELECT count FROM ops.rejected_reports WHERE kind = '$kind'"
done
then_targets single installed 1

say '{"report":"trial",'"$attempt"',"reset_reason":"software"}'
say '{"report":"confirmed",'"$attempt"',"nonce":"'"$(from_update .nonce)"'",'"$proof"
wait_for_command ack > /dev/null
then_campaign_is single completed
then_devices_run v1.1.0 1
then_everything_adds_up

# Gone without a word: the broker says so for it.
kill -KILL "${helpers[0]}"
wait "${helpers[0]}" 2> /dev/null || true
helpers=()
eventually f "SELECT online FROM presence WHERE device_id = '$device'"
