#!/usr/bin/env bash
# A fleet versioned by semver: rc.1 to the release, by campaigns, with some devices at older versions; one real agent among them.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
ptype=777 # from here on: of versions, fleets and firmware
orchestratorctl product create --name bell --ptype "$ptype" --version-scheme semver --max-version 2.0.0 > /dev/null
given_fleet 30 1.4.0-rc.1
given_fleet 10 1.3.9 --prefix old-
given_fleet 5 1.4.0-rc.1+lab.7 --prefix lab-
given_fleet 5 1.4.1-alpha --prefix new-
"$build/tools/make_image" --slot 1 --size 20480 --version "$(full 1.2.0)" --output "$work/first.bin"
orchestratorctl device register bell-1 --ptype "$ptype" > /dev/null
fota-agent --id bell-1 --version "$(full 1.2.0)" --flash "$work/bell-1.flash" --image "$work/first.bin" \
    --mqtt "$MQTT_ADDRESS" > "$work/agent.log" 2>&1 &
helpers+=($!)
given_firmware 1.4.0-rc.2
given_firmware 1.4.0
given_policy
then_devices_run 1.4.0-rc.1 30
then_devices_run 1.2.0 1

# only what the rule takes: the candidates, whatever their build
when_campaign candidates 1.4.0-rc.2 --from '>=1.4.0-rc <1.4.0'
then_watch_ends candidates 0
then_devices_run 1.4.0-rc.2 35
then_devices_run 1.3.9 10

# the release, to everything older; what is newer is left alone
when_campaign release 1.4.0
then_watch_ends release 0
then_targets release members 46
then_targets release confirmed 46
then_devices_run 1.4.0 46
then_devices_run 1.4.1-alpha 5
then_every_device_was_updated_once release

# back to what each ran before
orchestratorctl campaign rollback release > /dev/null
then_campaign_is release rolled_back
then_devices_run 1.4.0-rc.2 35
then_devices_run 1.3.9 10
then_devices_run 1.2.0 1
then_everything_adds_up
