#!/usr/bin/env bash
# Upgrade over the LAN (the guide's "Upgrade local"): device push carries a release to the device's own endpoint, and the device
# checks it as it checks what it downloads. No campaign is there for it; the inventory says what runs.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
orchestratorctl key generate "$work/release.pem" > /dev/null
orchestratorctl key register release "$work/release.pub.pem" > /dev/null
orchestratorctl device register one --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
address=127.0.0.1:$(. "$root/deploy/local/common.sh" && choose_port "$work/local.port")

# given_release VERSION SEQUENCE [upload or sign options]: signed, and uploaded with that signature.
given_release() {
    local directory=$work/firmware-$1 slot
    mkdir "$directory"
    for slot in 1 2; do
        "$build/tools/make_image" --slot $slot --size "${size:-20480}" --version "$1" --output "$directory/user$slot.bin"
    done
    orchestratorctl firmware sign "$1" "$directory"/user?.bin --key "$work/release.pem" --sequence "$2" "${@:3}" \
        --output "$directory/release.json" > /dev/null
    orchestratorctl firmware upload "$1" "$directory"/user?.bin --signature "$directory/release.json" > /dev/null
}
given_the_agent_runs() { # given_the_agent_runs [options]
    "$build/bin/fota-agent" --id one --version "$(full v1.0.5)" --flash "$work/one.flash" --mqtt "$MQTT_ADDRESS" \
        --public-key "$work/release.pub.pem" --health-command "test ! -e '$work/sick'" "$@" >> "$work/agent.log" 2>&1 &
    helpers=($!)
    eventually t "SELECT online FROM presence WHERE device_id = 'one'"
}
when_it_is_stopped() {
    kill -TERM "${helpers[0]}"
    wait "${helpers[0]}"
    helpers=()
    eventually f "SELECT online FROM presence WHERE device_id = 'one'"
}
# push CODE WORDS VERSION [options]
push() {
    ctl "$1" "$2" device push one --to "$3" --address "$address" "${@:4}"
}
then_it_runs() { # then_it_runs VERSION SLOT
    eventually "$1 $2 confirmed" "SELECT version || ' ' || slot || ' ' || boot FROM devices WHERE device_id = 'one'"
}
# Its flash but for the boot record (two sectors at 0x7A000).
slots() {
    { head -c $((0x7A000)) "$work/one.flash" && tail -c +$((0x7C001)) "$work/one.flash"; } | sha256sum
}

# Nobody who has not asked for it has the endpoint.
given_the_agent_runs
given_release "$(full v1.1.0)" 1
push 3 "no answer from $address" "$(full v1.1.0)"
when_it_is_stopped
exits 2 'must be PORT or ADDRESS:PORT' "$build/bin/fota-agent" --local-upgrade nowhere
given_the_agent_runs --local-upgrade "${address#*:}"

# A signed release; and one of class l, which no campaign could offer.
push 0 "device one runs $(full v1.1.0) in slot 2, and has confirmed it" "$(full v1.1.0)"
then_it_runs "$(full v1.1.0)" 2
given_release "v1.2.0t$ptype(l)" 2
push 0 '"state": "confirmed"' "v1.2.0t$ptype(l)" --json
jq -e --arg version "v1.2.0t$ptype(l)" '.device == "one" and .version == $version and .runs == $version and .slot == 1' \
    "$work/out" > /dev/null
then_it_runs "v1.2.0t$ptype(l)" 1

# What is wrong is said before anything is sent, or by the device; nothing changes.
before=$(slots)
given_release "v1.3.0t$ptype(o)" 3
push 1 'is of class o, which is not for upgrades over the LAN' "v1.3.0t$ptype(o)"
given_firmware v1.3.1 # not signed
push 1 "does not take .*no key that it knows has signed the release (bad_signature)" "$(full v1.3.1)"
push 1 'it is not newer than what runs there (not_newer)' "$(full v1.1.0)"
given_release "$(full v1.3.2)" 1
push 1 '(below_floor)' "$(full v1.3.2)"
given_release "$(full v1.3.3)" 3 --requires "$(full v1.3.2)"
push 1 "runs v1.2.0.*may only follow $(full v1.3.2) or a later version: push that first" "$(full v1.3.3)"
orchestratorctl product set lamp --max-version v1.3.0 > /dev/null
push 1 "product lamp takes no release above v1.3.0" "$(full v1.3.1)"
orchestratorctl product set lamp --no-max-version --require-signature > /dev/null
push 1 "product lamp requires signed releases, and no key in force has signed $(full v1.3.1)" "$(full v1.3.1)"
orchestratorctl product set lamp --no-require-signature > /dev/null
push 1 'never uploaded' "$(full v1.9.0)"
push 1 'is of ptype' 'v1.3.0t1(a)'
ctl 1 'no device has the id nobody' device push nobody --to "$(full v1.1.0)" --address "$address"
ctl 2 'allowed is HOST:PORT' device push one --to "$(full v1.1.0)" --address 127.0.0.1
ctl 2 'address is missing' device push one --to "$(full v1.1.0)"
push 2 'wait is "0"' "$(full v1.1.0)" --wait 0
ctl 3 'not as a device that can be upgraded over the LAN would' device push one --to "$(full v1.3.2)" \
    --address "${ORCHESTRATOR_URL#http://}"
sql "UPDATE devices SET slot = 2 WHERE device_id = 'one'" # as if it were another one
push 1 "what answers at $address runs slot 1, but device one runs slot 2" "$(full v1.3.2)"
sql "UPDATE devices SET slot = 1 WHERE device_id = 'one'"
[ "$(slots)" = "$before" ] || fail "a refused release has changed the flash"

# A push that breaks off flags nothing. The next one is taken, though the device still waits for the first one to go on.
size=300000 given_release "$(full v1.4.0)" 4
endpoint=http://$address/upgrade
images() { # images VERSION
    orchestratorctl firmware show "$1" --json | jq '.images | map({(.slot | tostring): {url: "http://local/", size, sha256}}) | add'
}
# command_of VERSION: what start takes
command_of() {
    orchestratorctl firmware show "$1" --json | jq --compact-output --argjson images "$(images "$1")" '{command: "update",
        campaign: 1, attempt: 1, nonce: "9f3c0a5be2d14477", version, $images, download_seconds: 60, confirm_seconds: 60,
        manifest: {sequence, signatures: (.signatures | map(.signature))}}'
}
endpoint() { # endpoint COMMAND [curl options]
    curl --silent --show-error --noproxy '*' --max-time 30 "$endpoint?command=$1" "${@:2}"
}
endpoint start --data-binary "$(command_of "$(full v1.4.0)")" | grep -qx '{"status":"200"}'
! endpoint image --data-binary "@$work/firmware-$(full v1.4.0)/user2.bin" --limit-rate 60K --max-time 2 > /dev/null 2>&1 ||
    fail "the push did not break off"
then_it_runs "v1.2.0t$ptype(l)" 1
push 0 "runs $(full v1.4.0) in slot 2, and has confirmed it" "$(full v1.4.0)"
then_it_runs "$(full v1.4.0)" 2

# The device is killed with a part of the image in flash: the old image boots.
size=300000 given_release "$(full v1.5.0)" 5
before=$(slots)
endpoint start --data-binary "$(command_of "$(full v1.5.0)")" | grep -qx '{"status":"200"}'
endpoint image --data-binary "@$work/firmware-$(full v1.5.0)/user1.bin" --limit-rate 30K > /dev/null 2>&1 &
pushing=$!
for ((i = 0; i < 100; i++)); do
    sleep 0.1
    [ "$(slots)" = "$before" ] || break
done
kill -KILL "${helpers[0]}"
wait "$pushing" "${helpers[0]}" 2> /dev/null || true
[ "$(slots)" != "$before" ] || fail "nothing of the image has come into flash"
given_the_agent_runs --local-upgrade "$address"
eventually power_on "SELECT reset_reason FROM devices WHERE device_id = 'one'"
then_it_runs "$(full v1.4.0)" 2
push 0 "runs $(full v1.5.0) in slot 1, and has confirmed it" "$(full v1.5.0)"
then_it_runs "$(full v1.5.0)" 1

# A sick release goes back by itself, and the push says so.
given_release "$(full v1.6.0)" 6
touch "$work/sick"
push 1 "runs $(full v1.5.0): it did not confirm $(full v1.6.0)" "$(full v1.6.0)"
then_it_runs "$(full v1.5.0)" 1
rm "$work/sick"

# It takes its time: the push says that it is not known yet.
when_it_is_stopped
given_the_agent_runs --local-upgrade "$address" --min-uptime 5
given_release "$(full v1.6.1)" 6
push 1 'in slot 2 and restarts into it, but' "$(full v1.6.1)" --wait 1
then_it_runs "$(full v1.6.1)" 2
when_it_is_stopped
given_the_agent_runs --local-upgrade "$address"

# The guide's own requests: which slot runs, start, the image of the other one, reset.
given_release "$(full v1.7.0)" 7
endpoint getuser | jq --exit-status '.user_info == {status: "200", user_bin: "user2.bin"}' > /dev/null
endpoint reset --request POST | grep -q '"reason":"nothing_to_start"'
endpoint start --data-binary "$(command_of "$(full v1.7.0)")" | grep -qx '{"status":"200"}'
endpoint image --data-binary "@$work/firmware-$(full v1.7.0)/user1.bin" | grep -qx '{"status":"200"}'
endpoint reset --request POST | grep -qx '{"status":"200"}'
then_it_runs "$(full v1.7.0)" 1
endpoint getuser | grep -q 'user1.bin'

# None of it was an attempt of a campaign, and no report was refused.
eventually '0 0 0' "SELECT (SELECT count(*) FROM targets) || ' ' || (SELECT count(*) FROM events) || ' ' ||
    (SELECT coalesce(sum(count), 0) FROM ops.rejected_reports)"
then_everything_adds_up
when_it_is_stopped
