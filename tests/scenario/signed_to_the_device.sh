#!/usr/bin/env bash
# A device that knows the public key takes what is signed by its private key, and nothing else, whoever the server is: here its
# product requires no signature, and its server is willing to roll out anything.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
given_policy '.waves[0].gate.min_sample = 1'
orchestratorctl key generate "$work/release.pem" > /dev/null
orchestratorctl key generate "$work/other.pem" > /dev/null
orchestratorctl key register release "$work/release.pub.pem" > /dev/null
orchestratorctl key register other "$work/other.pub.pem" > /dev/null
orchestratorctl device register one --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null

# given_release VERSION SEQUENCE KEY: signed, and uploaded with that signature.
given_release() {
    local directory=$work/firmware-$1 slot
    mkdir "$directory"
    for slot in 1 2; do
        "$build/tools/make_image" --slot $slot --size 20480 --version "$(full "$1")" --output "$directory/user$slot.bin"
    done
    orchestratorctl firmware sign "$(full "$1")" "$directory"/user?.bin --key "$work/$3.pem" --sequence "$2" \
        --output "$directory/release.json" > /dev/null
    orchestratorctl firmware upload "$(full "$1")" "$directory"/user?.bin --signature "$directory/release.json" > /dev/null
}
# then_it_refuses CAMPAIGN REASON: and its flash is as it was but for the boot record (two sectors at 0x7A000).
slots() {
    { head -c $((0x7A000)) "$work/one.flash" && tail -c +$((0x7C001)) "$work/one.flash"; } | sha256sum
}
then_it_refuses() {
    eventually "$2" "SELECT reason FROM ops.failures_by_reason WHERE campaign = '$1' AND state = 'rejected'"
    [ "$(slots)" = "$before" ] || fail "the refused release has changed the flash"
}

exits 2 "at most 2 keys" "$build/bin/fota-agent" --public-key "$work/release.pub.pem" --public-key "$work/release.pub.pem" \
    --public-key "$work/other.pub.pem"
exits 2 "must be a PEM file with a PUBLIC KEY on P-256" "$build/bin/fota-agent" --public-key "$work/release.pem"
"$build/bin/fota-agent" --id one --version "$(full v1.0.5)" --flash "$work/one.flash" --mqtt "$MQTT_ADDRESS" \
    --public-key "$work/release.pub.pem" > "$work/agent.log" 2>&1 &
helpers=($!)
eventually t "SELECT online FROM presence WHERE device_id = 'one'"
before=$(slots)

given_firmware v1.1.0 # not signed
given_release v1.2.0 9 other
when_campaign unsigned v1.1.0
then_it_refuses unsigned bad_signature
when_campaign foreign v1.2.0
then_it_refuses foreign bad_signature

given_release v1.3.0 7 release
when_campaign spring v1.3.0
then_campaign_is spring completed
then_devices_run v1.3.0 1

# Older than what it has had: refused, though signed. Its old image is still in flash, but nothing says that it may run again.
before=$(slots)
given_release v1.4.0 6 release
when_campaign older v1.4.0
then_it_refuses older below_floor
when_operator rollback spring
then_it_refuses spring.rollback below_floor
then_devices_run v1.3.0 1

# Not lower is enough, forward and back.
given_release v1.5.0 7 release
when_campaign summer v1.5.0
then_campaign_is summer completed
when_operator rollback summer
then_campaign_is summer rolled_back
then_devices_run v1.3.0 1

# A fleet with both keys takes what either has signed.
given_fleet 6 v1.0.5 --public-key "$work/other.pub.pem" --public-key "$work/release.pub.pem"
when_campaign wide v1.5.0 --device device-00001 --device device-00002 --device device-00003
then_campaign_is wide completed
when_campaign unsigned-wide v1.1.0 --device device-00004 --device device-00005 --device device-00006
then_campaign_is unsigned-wide halted
eventually t "SELECT count(*) > 0 FROM ops.device_timeline WHERE campaign = 'unsigned-wide' AND reason = 'bad_signature'"
then_devices_run v1.5.0 3
then_everything_adds_up
