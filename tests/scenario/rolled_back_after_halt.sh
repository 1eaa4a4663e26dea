#!/usr/bin/env bash
# Six of twenty devices fail: the campaign halts, and the operator takes it back from those where it went well.
. "$(dirname "$0")/lib.sh"

given_fleet 14 v1.0.5 --prefix good-
given_fleet 6 v1.0.5 --prefix bad- --fault-version "$(full v1.1.0)" --fail-health 1.0
given_firmware v1.1.0
given_policy '.waves = [.waves[1]] | .waves[0].gate.failure_percent = 30'
when_campaign spring v1.1.0
then_campaign_is spring halted
then_nothing_is_in_flight spring
then_targets spring reverted 6
then_targets spring confirmed 14
then_devices_run v1.1.0 14

when_operator rollback spring
then_campaign_is spring rolled_back
then_devices_run v1.0.5 20
then_everything_adds_up
