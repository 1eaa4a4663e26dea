#!/usr/bin/env bash
# A good release goes to the canary, then to everybody.
. "$(dirname "$0")/lib.sh"

given_fleet 20 v1.0.5
given_firmware v1.1.0
when_campaign spring v1.1.0 --from '>=v1.0.0 <v1.1.0'

then_watch_ends spring 0
then_campaign_is spring completed
then_wave_is spring canary passed
then_wave_is spring wide passed
then_targets spring confirmed 20
then_devices_run v1.1.0 20
then_every_device_was_updated_once spring
then_everything_adds_up
