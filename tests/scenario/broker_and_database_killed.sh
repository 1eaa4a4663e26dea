#!/usr/bin/env bash
# kill -9 of the broker, then of PostgreSQL, in the middle of a campaign: no outcome is lost, no device is flashed twice.
. "$(dirname "$0")/lib.sh"

given_fleet 60 v1.0.5
given_firmware v1.1.0
given_policy '.in_flight = 10 | .rate.per_minute = 900'
when_campaign spring v1.1.0

when_confirmed spring 8
kill -KILL "$(services pid mosquitto)"
sleep 1
services --services up > "$work/services.log" 2>&1
when_confirmed spring 25
kill -KILL "$(services pid postgres)"
sleep 1
services --services up > "$work/services.log" 2>&1

then_campaign_is spring completed
then_targets spring confirmed 60
then_devices_run v1.1.0 60
then_every_device_was_updated_once spring
then_everything_adds_up
