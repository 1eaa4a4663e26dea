#!/usr/bin/env bash
# Somebody flashes a quarter of the members by hand while they wait for their offer: they are passed over, as what they
# run by then is newer than the release, and all others are updated.
. "$(dirname "$0")/lib.sh"

devices=${CHANGED_DEVICES:-40}
changed=$((devices / 4))
given_an_orchestrator
given_firmware v1.1.0
given_policy 'del(.waves) | .offline.wait_seconds = 600'
fleet=(fleetsim --devices "$devices" --ptype "$ptype" --version "$(full v1.0.0)" --mqtt "$MQTT_ADDRESS"
    --flashes "$work/flashes-0.csv" --change 25% --change-to "$(full v1.2.0)" --change-seconds 0.5)
"${fleet[@]}" --print-devices > "$work/devices.csv"
orchestratorctl device import "$work/devices.csv" > "$work/out"

# They are members before they are switched on, and may not be offered anything before they have changed.
when_campaign spring v1.1.0
then_campaign_is spring running
when_operator pause spring
"${fleet[@]}" --json > "$work/fleet-0.log" 2>&1 &
fleets+=($!)
eventually "$changed" "SELECT count(*) FROM devices WHERE version = '$(full v1.2.0)'"
when_operator resume spring

patience=180
then_campaign_is spring completed
then_targets spring confirmed $((devices - changed))
then_targets spring skipped "$changed"
none "members passed over for another reason" "SELECT device_id, reason FROM targets WHERE state = 'skipped' AND reason <> 'not_newer'"
none "offers of a downgrade" "SELECT device_id FROM targets WHERE state = 'skipped' AND attempt > 0"
when_fleets_end
then_nothing_was_lost
