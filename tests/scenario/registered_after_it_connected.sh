#!/usr/bin/env bash
# Devices that are connected long before anybody registers them: refused until then, asked for a hello after it, and updated.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
given_firmware v1.1.0
fleet=(fleetsim --devices 5 --ptype "$ptype" --version "$(full v1.0.5)" --mqtt "$MQTT_ADDRESS")
"${fleet[@]}" --json > "$work/fleet-0.log" 2>&1 &
fleets+=($!)
eventually t "SELECT count > 0 FROM ops.rejected_reports WHERE kind = 'unknown_device'"

"${fleet[@]}" --print-devices > "$work/devices.csv"
orchestratorctl device import "$work/devices.csv" > /dev/null
eventually 5 'SELECT count(*) FROM presence WHERE online'
eventually 5 'SELECT count(*) FROM devices WHERE slot = 1 AND image_sha256 IS NOT NULL'
eventually 0 'SELECT count(*) FROM asks'
when_campaign spring v1.1.0
then_watch_ends spring 0
then_devices_run v1.1.0 5
