#!/usr/bin/env bash
# Paused in the middle: no offer goes out until it is resumed; then it ends as if nothing had been.
. "$(dirname "$0")/lib.sh"

given_fleet 20 v1.0.5
given_firmware v1.1.0
given_policy '.rate.per_minute = 240'
when_campaign spring v1.1.0
when_confirmed spring 3
when_operator pause spring
when_operator pause spring # once more changes nothing

then_campaign_is spring paused
then_nothing_is_in_flight spring
then_no_offer_goes_out spring
eventually t "SELECT pending > 0 FROM ops.campaign_progress WHERE campaign = 'spring'"

when_operator resume spring
then_campaign_is spring completed
then_targets spring confirmed 20
then_devices_run v1.1.0 20
then_everything_adds_up
