#!/usr/bin/env bash
# The chip's own core under QEMU with firmware that knows a public key: it checks signatures itself, takes the release that is signed,
# and refuses the one that is not before it erases anything.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
lx106=$build/lx106
given_policy '.waves[0].gate.min_sample = 1'
orchestratorctl key register release "$lx106/release.pub.pem" > /dev/null
orchestratorctl device register chip --ptype "$ptype" --version "$(full v1.0.6)" > /dev/null
orchestratorctl firmware sign "$(full v1.1.0)" "$lx106"/firmware/v1.1.0/user{1,2}.bin --key "$lx106/release.pem" --sequence 2 \
    --output "$work/release.json" > /dev/null
orchestratorctl firmware upload "$(full v1.1.0)" "$lx106"/firmware/v1.1.0/user{1,2}.bin --signature "$work/release.json" > /dev/null
orchestratorctl firmware upload "$(full v1.2.0)" "$lx106"/firmware/v1.2.0-sick/user{1,2}.bin > /dev/null

"$build/bin/lx106-device" --id chip --flash "$work/chip.flash" --image "$lx106/firmware/v1.0.6-keyed/user1.bin" --lx106 "$lx106" \
    --mqtt "$MQTT_ADDRESS" >> "$work/fleet-chip.log" 2>&1 &
helpers=($!)
eventually t "SELECT online FROM presence WHERE device_id = 'chip'"

when_campaign unsigned v1.2.0
eventually bad_signature "SELECT reason FROM ops.failures_by_reason WHERE campaign = 'unsigned' AND state = 'rejected'"
then_devices_run v1.0.6 1
when_campaign signed v1.1.0
then_campaign_is signed completed
then_devices_run v1.1.0 1

kill -TERM "${helpers[0]}"
wait "${helpers[0]}"
helpers=()
stack=$(sed -n 's/.*used at most \([0-9]*\) bytes of stack.*/\1/p' "$work/fleet-chip.log")
[ "$stack" -gt 1024 ] && [ "$stack" -le 5120 ] || fail "boot loader, agent and signature need $stack bytes of stack: $(cat "$work/fleet-chip.log")"
echo "$stack" > "$lx106/stack-with-signature"
