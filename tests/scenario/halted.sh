#!/usr/bin/env bash
# A release that fails its health check: the canary gate halts, the canary devices go back by themselves, and no other
# device hears of it.
. "$(dirname "$0")/lib.sh"

given_fleet 20 v1.0.5 --fault-version "$(full v1.1.0)" --fail-health 1.0
given_firmware v1.1.0
when_campaign spring v1.1.0

then_watch_ends spring 4
then_campaign_is spring halted
then_nothing_is_in_flight spring
then_targets spring reverted 5
then_targets spring pending 15
then_wave_is spring canary failed
then_wave_was_not_touched spring wide
then_devices_run v1.0.5 20
then_no_offer_goes_out spring
then_everything_adds_up
