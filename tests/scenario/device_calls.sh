#!/usr/bin/env bash
# Calls to one device: a real agent restarts when it is told to, by its operator and by its owner, and whoever called hears of it
# once the device has acknowledged; or that it is busy, away, or silent.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
given_firmware v1.1.0
version=$(full v1.1.0)

ctl() { # ctl CODE WORDS ARGUMENT...
    local wanted=$1 words=$2 code=0
    shift 2
    timeout 60 orchestratorctl "$@" > "$work/out" 2> "$work/errors" || code=$?
    [ $code = "$wanted" ] || fail "$* exited with $code, not $wanted: $(cat "$work/out" "$work/errors")" || return 1
    grep -q -e "$words" "$work/out" "$work/errors" || fail "$* does not say \"$words\": $(cat "$work/out" "$work/errors")"
}
rpc() { # rpc CODE JQ-FILTER KEY PARAMETERS: as the guide's RPC Request page
    local code
    code=$(curl --silent --show-error --output "$work/answer" --write-out '%{http_code}' --header "Authorization: token $3" \
        "$ORCHESTRATOR_URL/v1/device/rpc/?deliver_to_device=true&$4")
    [ "$code" = "$1" ] || fail "$4 was answered with $code: $(cat "$work/answer")" || return 1
    jq --exit-status "$2" "$work/answer" > /dev/null || fail "$4 was answered with $(cat "$work/answer")"
}
restarts() { # how often the agent has said hello after a restart by software
    sql "SELECT count(*) FROM devices WHERE device_id = 'one' AND reset_reason = 'software'"
}

orchestratorctl device register one --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
"$build/bin/fota-agent" --id one --version "$(full v1.0.5)" --flash "$work/one.flash" --mqtt "$MQTT_ADDRESS" \
    > "$work/agent.log" 2>&1 &
helpers+=($!)
eventually t "SELECT online FROM presence WHERE device_id = 'one'"
[ "$(restarts)" = 0 ] || fail "it has restarted before anybody called"

# By its operator. It acknowledges, goes away, and comes back.
ctl 0 'device one has acknowledged' device reboot one --reason 'a test'
eventually 1 "SELECT count(*) FROM devices WHERE device_id = 'one' AND reset_reason = 'software'"
eventually t "SELECT online FROM presence WHERE device_id = 'one'"
eventually 1 "SELECT count(*) FROM audit WHERE action = 'reboot_device' AND object = 'one' AND reason = 'a test'"

# By its owner, as the guide prints it. A key that is wrong, revoked, or another device's does nothing.
key=$(orchestratorctl device key one --owner --json | jq -r .key)
since=$(sql "SELECT changed_at FROM presence WHERE device_id = 'one'")
rpc 200 '.status == 200 and .deliver_to_device == true and (.nonce | test("^[0-9a-f]{16}$"))' "$key" 'action=sys_reboot'
eventually t "SELECT online AND changed_at > '$since' FROM presence WHERE device_id = 'one'"
rpc 401 '.error.code == "unauthenticated"' 0123456789012345678901234567890123456789 'action=sys_reboot'
rpc 403 '.error.field == "device"' "$key" 'action=sys_reboot&device=two'
rpc 400 '.error.field == "action"' "$key" 'action=sys_dance'
orchestratorctl device register two --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
ctl 1 'device two is offline' device reboot two
ctl 1 'no device has the id nobody' device reboot nobody
ctl 2 'wait is "51"' device reboot one --wait 51

# A device that hears it and never answers: the time is over, and what was sent is said.
mqtt=(--host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username two --qos 1)
mosquitto_sub "${mqtt[@]}" --topic fota/v1/two/command > "$work/commands" &
helpers+=($!)
mosquitto_pub "${mqtt[@]}" --topic fota/v1/two/presence --message '{"online":true}' --retain
eventually t "SELECT online FROM presence WHERE device_id = 'two'"
ctl 1 'reboot was sent to device two (nonce [0-9a-f]*), which has not answered within 1 s' device reboot two --wait 1
[ "$(jq -r 'select(.command == "reboot") | .nonce' "$work/commands" | wc -l)" = 1 ] || fail "sent $(cat "$work/commands")"
grep -q "$(jq -r 'select(.command == "reboot") | .nonce' "$work/commands")" "$work/errors"

# An answer to nothing is counted; one that says busy is passed on.
mosquitto_pub "${mqtt[@]}" --topic fota/v1/two/report \
    --message '{"report":"answered","nonce":"0000000000000000","status":"rebooting"}'
eventually 1 "SELECT coalesce(sum(count), 0) FROM ops.rejected_reports WHERE kind = 'nonce_mismatch'"
{
    until nonce=$(jq -r 'select(.command == "reboot") | .nonce' "$work/commands" | sed -n 2p | grep .); do
        sleep 0.1
    done
    mosquitto_pub "${mqtt[@]}" --topic fota/v1/two/report \
        --message "{\"report\":\"answered\",\"nonce\":\"$nonce\",\"status\":\"busy\"}"
} &
helpers+=($!)
ctl 1 'device two answers that it is busy' device reboot two

# An upgrade by the owner: the current release, acknowledged when the device has accepted it.
rpc 409 '.error.message | test("is current: say which version")' "$key" 'action=sys_upgrade'
orchestratorctl firmware set-current "$version" > /dev/null
rpc 200 ".nonce != \"\" and .version == \"$version\" and (.campaign | test(\"^upgrade-one-110-\"))" "$key" 'action=sys_upgrade'
then_devices_run v1.1.0 1
rpc 409 '.error.message | test("is not newer")' "$key" 'action=sys_upgrade'
orchestratorctl device revoke-key one --owner > /dev/null
rpc 401 '.error.code == "unauthenticated"' "$key" 'action=sys_reboot'

# Simulated devices answer too.
given_fleet 1 v1.0.5 --prefix sim- --boot-seconds 1
ctl 0 '"deliver_to_device": true' device reboot sim-00001 --json
jq -e '.answer == "rebooting" and .device == "sim-00001"' "$work/out" > /dev/null
then_everything_adds_up
