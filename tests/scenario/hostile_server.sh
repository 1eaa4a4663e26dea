#!/usr/bin/env bash
# A device is told to fetch its image from a server that lies. It says what is wrong, and its flag never moves; from the same server telling
# the truth it then takes the update.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
directory=$work/firmware
mkdir -p "$directory"
"$build/tools/make_image" --slot 2 --size 20480 --version "$(full v1.1.0)" --output "$directory/user2.bin"
"$build/tools/hostile_server" "$directory/user2.bin" > "$work/port" &
helpers+=($!)
"$build/bin/fota-agent" --id one --version "$(full v1.0.5)" --flash "$work/one.flash" --mqtt "$MQTT_ADDRESS" > "$work/agent.log" 2>&1 &
agent=$!
helpers+=("$agent")
mosquitto_sub --host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username orchestrator --qos 1 --topic fota/v1/one/report > "$work/reports" &
helpers+=($!)

until_said() { # until_said PATTERN
    local end=$((SECONDS + patience))
    until grep -q -e "$1" "$work/reports"; do
        [ $SECONDS -lt $end ] || fail "the device never said $1: $(tail -n 3 "$work/reports")" || return 1
        sleep 0.1
    done
}
tell() { # tell COMMAND
    mosquitto_pub --host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username orchestrator --qos 1 --topic fota/v1/one/command --message "$1"
}
number=0
when_told_to_fetch_from() { # when_told_to_fetch_from MODE [SECONDS]
    number=$((number + 1))
    tell '{"command":"update","campaign":'$number',"attempt":1,"nonce":"9f3c0a5be2d14477","version":"'"$(full v1.1.0)"'","images":{"2":{"url":"http://127.0.0.1:'"$(cat "$work/port")"'/'"$1"'","size":20480,"sha256":"'"$(sha256sum "$directory/user2.bin" | cut -d ' ' -f 1)"'"}},"download_seconds":'"${2:-60}"',"confirm_seconds":60}'
}
# With eight results that nobody has acknowledged it would take no other offer.
then_it_fails_for() {
    until_said '"report":"failed","campaign":'$number',"attempt":1,"nonce":"[0-9a-f]*","reason":"'"$1"'"'
    tell '{"command":"ack","campaign":'$number',"attempt":1,"nonce":"9f3c0a5be2d14477"}'
}
# Its first words may have come before the subscription: it is asked until it is heard.
end=$((SECONDS + patience))
until grep -q '"report":"hello"' "$work/reports"; do
    [ $SECONDS -lt $end ] || fail "the device is never heard"
    tell '{"command":"report"}'
    sleep 0.1
done

when_told_to_fetch_from shorter
then_it_fails_for length_mismatch
when_told_to_fetch_from longer
then_it_fails_for length_mismatch
when_told_to_fetch_from wrong-end
then_it_fails_for hash_mismatch
when_told_to_fetch_from redirect
then_it_fails_for http_status
when_told_to_fetch_from drip 3
then_it_fails_for download_timeout
when_told_to_fetch_from silent 2
then_it_fails_for download_timeout
when_told_to_fetch_from broken 4
then_it_fails_for download_timeout
# Last of these: before what is too much, the whole image may have come into flash, and is found there by the next offer of it.
when_told_to_fetch_from endless
then_it_fails_for length_mismatch
! grep -e '"report":"installed"' -e '"report":"trial"' "$work/reports" || fail "an image was flagged"

when_told_to_fetch_from whole
until_said '"report":"confirmed","campaign":'$number
kill -TERM "$agent"
wait "$agent"
