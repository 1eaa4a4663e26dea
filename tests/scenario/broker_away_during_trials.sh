#!/usr/bin/env bash
# The broker is away while devices try the new image: those that find no connection in time go back to the old one, as they must. That
# is no verdict on the image: they try it again, at no cost to the policy's retries.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/outages.sh"

given_fleet 50 v1.0.5 --boot-seconds 2 --reconnect 0.3
given_firmware v1.1.0
given_short_deadlines '.timeouts.confirm_seconds = 6 | .retry = {attempts: 1, on: ["failed", "reverted"], backoff_seconds: 1}'
when_campaign spring v1.1.0
when_in_flight spring 40 installed,trial
when_killed_for mosquitto 12

then_campaign_is spring completed
then_targets spring confirmed 50
then_nobody_was_judged spring
eventually t "SELECT count(*) > 0 FROM events WHERE to_state = 'reverted' AND reason = 'confirm_timeout'"
eventually 0 "SELECT count(*) FROM device_failures"
then_an_outage_was_recorded broker 10
then_everything_adds_up
