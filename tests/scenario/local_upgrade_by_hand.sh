#!/usr/bin/env bash
# "Upgrade local" of the seed, with curl in the place of its app: the device is asked which slot runs, told to start, sent the
# image of the other one, reset. What it has said to nobody else it says in its next hello.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
orchestratorctl key generate "$work/release.pem" > /dev/null
orchestratorctl key generate "$work/other.pem" > /dev/null
orchestratorctl device register one --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
port=$(. "$root/deploy/local/common.sh" && choose_port "$work/local.port")

# given_command VERSION SEQUENCE KEY: firmware/VERSION, signed, and the update command of it.
given_command() {
    local directory=$work/firmware-$1 slot
    mkdir -p "$directory"
    for slot in 1 2; do
        "$build/tools/make_image" --slot $slot --size 20480 --version "$1" --output "$directory/user$slot.bin"
    done
    orchestratorctl firmware sign "$1" "$directory"/user?.bin --key "$work/$3.pem" --sequence "$2" \
        --output "$directory/release.json" > /dev/null
    jq -n --arg version "$1" --argjson sequence "$2" --arg signature "$(jq -r .signature "$directory/release.json")" \
        --arg one "$(sha256sum < "$directory/user1.bin" | cut -d' ' -f1)" --argjson size1 "$(stat -c %s "$directory/user1.bin")" \
        --arg two "$(sha256sum < "$directory/user2.bin" | cut -d' ' -f1)" --argjson size2 "$(stat -c %s "$directory/user2.bin")" \
        '{command: "update", campaign: 1, attempt: 1, nonce: "0123456789abcdef", version: $version,
          images: {"1": {size: $size1, sha256: $one}, "2": {size: $size2, sha256: $two}},
          manifest: {sequence: $sequence, signatures: [$signature]}, download_seconds: 60, confirm_seconds: 20}' \
        > "$directory/command.json"
}
device() {
    curl --silent --max-time 20 "$@"
}
at() {
    echo "http://127.0.0.1:$port/upgrade$1"
}
# when_started VERSION: prints the answer
when_started() {
    device --data-binary "@$work/firmware-$1/command.json" "$(at '?command=start')"
}
then_slot_is() {
    [ "$(device "$(at '?command=getuser')")" = "{\"user_info\":{\"status\":\"200\",\"user_bin\":\"user$1.bin\"}}" ] ||
        fail "slot $1 does not run"
}
then_it_says() {
    [[ $2 == *"$1"* ]] || fail "not $1 but: $2"
}
then_it_runs() {
    eventually 1 "SELECT count(*) FROM ops.fleet_by_version WHERE version = '$1' AND devices = 1 AND on_trial = 0"
}

exits 2 "must be PORT or ADDRESS:PORT" "$build/bin/fota-agent" --local-upgrade 0
"$build/bin/fota-agent" --id one --version "$(full v1.0.5)" --flash "$work/one.flash" --mqtt "$MQTT_ADDRESS" \
    --public-key "$work/release.pub.pem" --local-upgrade "$port" --health-command "test ! -e '$work/sick'" \
    > "$work/agent.log" 2>&1 &
helpers=($!)
eventually t "SELECT online FROM presence WHERE device_id = 'one'"
then_slot_is 1

# Refused before a byte of flash is touched.
before=$(sha256sum < "$work/one.flash")
given_command "v1.1.0t$ptype(o)" 7 release
then_it_says not_fota "$(when_started "v1.1.0t$ptype(o)")"
given_command "v1.2.0t$ptype(l)" 7 other
then_it_says bad_signature "$(when_started "v1.2.0t$ptype(l)")"
given_command "v1.3.0t$ptype(l)" 7 release
jq 'del(.manifest)' "$work/firmware-v1.3.0t$ptype(l)/command.json" > "$work/unsigned.json"
then_it_says bad_signature "$(device --data-binary "@$work/unsigned.json" "$(at '?command=start')")"
then_it_says "Content-Length" "$(device -X POST -d '' "$(at '?command=start')")"
then_it_says bad_command "$(device -d '{}' "$(at '?command=start')")"
[ "$(sha256sum < "$work/one.flash")" = "$before" ] || fail "what was refused has changed the flash"

# Broken off in the middle, then made again, to the end.
image="$work/firmware-v1.3.0t$ptype(l)/user2.bin"
then_it_says '"200"' "$(when_started "v1.3.0t$ptype(l)")"
{ printf 'POST /upgrade HTTP/1.1\r\nContent-Length: %s\r\n\r\n' "$(stat -c %s "$image")" && head -c 9000 "$image"; } \
    > "/dev/tcp/127.0.0.1/$port"
then_slot_is 1
then_it_says '"200"' "$(device --data-binary "@$image" "$(at '')")"
then_it_says '"200"' "$(device -X POST "$(at '?command=reset')")"
then_it_runs "v1.3.0t$ptype(l)"
then_slot_is 2

# A sick release goes back by itself.
touch "$work/sick"
given_command "v1.4.0t$ptype(a)" 8 release
then_it_says '"200"' "$(when_started "v1.4.0t$ptype(a)")"
then_it_says '"200"' "$(device --data-binary "@$work/firmware-v1.4.0t$ptype(a)/user1.bin" "$(at '?command=image')")"
then_it_says '"200"' "$(device -X POST "$(at '?command=reset')")"
for ((turn = 0; turn < 300; turn++)); do
    ! grep -q ' reverted$' "$work/agent.log" || break
    sleep 0.1
done
grep -q ' reverted$' "$work/agent.log" || fail "the sick release was not reverted"
then_it_runs "v1.3.0t$ptype(l)"
then_slot_is 2
[ "$(sql "SELECT sum(count) FROM ops.rejected_reports")" = 0 ] || fail "a report of the device was refused"
