#!/usr/bin/env bash
# A campaign in which one device is the agent on the chip's own core under QEMU, with its boot loader, and the others are simulated:
# it completes. Then a release whose self test fails: the chip boots it on trial, goes back by itself, and says so.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
lx106=$build/lx106
given_policy '.waves[0].gate.min_sample = 1'
orchestratorctl device register chip --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null

given_the_chip_runs() {
    "$build/bin/lx106-device" --id chip --flash "$work/chip.flash" --image "$lx106/firmware/v1.0.5/user1.bin" --lx106 "$lx106" \
        --mqtt "$MQTT_ADDRESS" --verbose >> "$work/fleet-chip.log" 2>&1 &
    helpers=($!)
}
# given_release VERSION DIRECTORY: real images, linked for their slots; only their release differs.
given_release() {
    orchestratorctl firmware upload "$(full "$1")" "$lx106/firmware/$2"/user{1,2}.bin > /dev/null
}
# then_the_chip_says WORDS: in a line of its log
then_the_chip_says() {
    local end=$((SECONDS + patience))
    until grep -q "$1" "$work/fleet-chip.log"; do
        [ $SECONDS -lt $end ] || fail "the chip does not say \"$1\"" || return 1
        sleep 0.1
    done
}

exits 2 "needs --id, --flash, --image and --mqtt" "$build/bin/lx106-device"
exits 1 "cannot read image" "$build/bin/lx106-device" --id chip --flash "$work/other.flash" --image "$work/none" --mqtt "$MQTT_ADDRESS"
given_release v1.1.0 v1.1.0
given_release v1.2.0 v1.2.0-sick
given_fleet 20 v1.0.5
given_the_chip_runs
eventually t "SELECT online FROM presence WHERE device_id = 'chip'"
eventually '1024 512+512' "SELECT flash_kb || ' ' || flash_map FROM devices WHERE device_id = 'chip'"

when_campaign spring v1.1.0
then_campaign_is spring completed
then_devices_run v1.1.0 21
then_every_device_was_updated_once spring
then_the_chip_says 'lx106 runs v1.1.0t45772(a) in slot 2'
eventually confirmed "SELECT t.state FROM targets t JOIN campaigns c USING (campaign_id) WHERE c.name = 'spring' AND t.device_id = 'chip'"

# Its next process finds what the last one has left in flash.
kill -TERM "${helpers[0]}"
wait "${helpers[0]}"
given_the_chip_runs
eventually t "SELECT online FROM presence WHERE device_id = 'chip'"

orchestratorctl campaign create sick --firmware "$(full v1.2.0)" --policy "$work/policy.json" --device chip --start > /dev/null
then_watch_ends sick 4
eventually health_check "SELECT reason FROM ops.failures_by_reason WHERE campaign = 'sick' AND state = 'reverted'"
then_the_chip_says 'lx106 runs v1.2.0t45772(a) in slot 1'
[ "$(grep -c 'lx106 runs v1.1.0t45772(a) in slot 2' "$work/fleet-chip.log")" = 3 ] || fail "it did not go back to slot 2"
then_devices_run v1.1.0 21
then_everything_adds_up

kill -TERM "${helpers[0]}"
wait "${helpers[0]}"
helpers=()
