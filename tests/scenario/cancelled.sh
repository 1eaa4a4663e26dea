#!/usr/bin/env bash
# Cancelled in the middle: what is confirmed stays, nothing else begins.
. "$(dirname "$0")/lib.sh"

given_fleet 20 v1.0.5
given_firmware v1.1.0
given_policy '.rate.per_minute = 120'
when_campaign spring v1.1.0
when_confirmed spring 3
when_operator cancel spring

then_campaign_is spring cancelled
then_nothing_is_in_flight spring
then_targets spring pending 0
then_no_offer_goes_out spring
eventually 20 "SELECT confirmed + cancelled FROM ops.campaign_progress WHERE campaign = 'spring'"
eventually t "SELECT cancelled > 0 FROM ops.campaign_progress WHERE campaign = 'spring'"
then_devices_run v1.1.0 "$(sql "SELECT confirmed FROM ops.campaign_progress WHERE campaign = 'spring'")"
when_operator cancel spring # once more changes nothing
then_campaign_is spring cancelled
then_everything_adds_up
