#!/usr/bin/env bash
# Devices that take the update and are not heard of again: not a gap in the numbers but failures, and the gate halts.
. "$(dirname "$0")/lib.sh"

given_fleet 20 v1.0.5 --silent 1.0
given_firmware v1.1.0
given_policy '.timeouts = {offer_seconds: 3, download_seconds: 3, confirm_seconds: 3}'
when_campaign spring v1.1.0

then_campaign_is spring halted
then_nothing_is_in_flight spring
then_targets spring silent 5
then_targets spring confirmed 0
then_wave_is spring canary failed
then_wave_was_not_touched spring wide
then_everything_adds_up
