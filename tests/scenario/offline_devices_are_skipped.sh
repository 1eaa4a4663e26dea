#!/usr/bin/env bash
# Four devices are away, maybe some of the canary. They hold nobody up, and are skipped when their time is over.
. "$(dirname "$0")/lib.sh"
patience=130 # a busy host may be an outage, after which offline devices have a minute to come back

given_fleet 16 v1.0.5 --prefix here-
given_fleet 4 v1.0.5 --prefix away- --offline 1.0
given_firmware v1.1.0
given_policy '.offline = {wait_seconds: 3, then: "skip"} | .waves[0].gate.min_sample = 1'
when_campaign spring v1.1.0

then_campaign_is spring completed
then_targets spring confirmed 16
then_targets spring skipped 4
then_devices_run v1.1.0 16
then_everything_adds_up
