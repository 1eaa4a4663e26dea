#!/usr/bin/env bash
# A fault showed after the campaign was done: every device boots its old image again.
. "$(dirname "$0")/lib.sh"

given_fleet 20 v1.0.5
given_firmware v1.1.0
when_campaign spring v1.1.0
then_campaign_is spring completed
then_devices_run v1.1.0 20

when_operator rollback spring
then_campaign_is spring rolled_back
then_devices_run v1.0.5 20
then_everything_adds_up
