#!/usr/bin/env bash
# kill -9 of orchestratord in the middle: started again it goes on, and every device is updated exactly once.
. "$(dirname "$0")/lib.sh"

given_fleet 40 v1.0.5
given_firmware v1.1.0
given_policy '.rate.per_minute = 600'
when_campaign spring v1.1.0
when_confirmed spring 3
when_orchestratord_is_killed
sleep 1
eventually t "SELECT confirmed < 40 FROM ops.campaign_progress WHERE campaign = 'spring'"
when_orchestratord_starts_again
when_confirmed spring 20
when_orchestratord_is_killed
when_orchestratord_starts_again

then_campaign_is spring completed
then_targets spring confirmed 40
then_devices_run v1.1.0 40
then_every_device_was_updated_once spring
then_everything_adds_up
