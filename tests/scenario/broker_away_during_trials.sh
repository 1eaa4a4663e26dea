#!/usr/bin/env bash
# The broker is away while devices try the new image: those that find no connection in time go back to the old one, as they must. That
# is no verdict on the image. Devices that know how try it once more, without a download, as soon as the old image has a connection;
# those of the first release say that they went back, and are offered it again, at no cost to the policy's retries.
#   AWAY_SECONDS (12), AWAY_DEVICES (50), AWAY_CONFIRM_SECONDS (6)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/outages.sh"
. "$(dirname "$0")/baseline.sh"

away=${AWAY_SECONDS:-12} devices=${AWAY_DEVICES:-50} confirm=${AWAY_CONFIRM_SECONDS:-6}
given_fleet "$devices" v1.0.5 --boot-seconds 2 --reconnect 0.3
given_firmware v1.1.0
given_short_deadlines ".timeouts.confirm_seconds = $confirm | .retry = {attempts: 1, on: [\"failed\", \"reverted\"], backoff_seconds: 1}"
when_campaign spring v1.1.0
when_in_flight spring $((devices * 4 / 5)) installed,trial
when_killed_for mosquitto "$away"
patience=240

then_campaign_is spring completed
then_targets spring confirmed "$devices"
then_nobody_was_judged spring
eventually 0 "SELECT count(*) FROM events WHERE to_state IN ('reverted', 'failed', 'silent')"
eventually t "SELECT count(*) > 0 FROM events WHERE to_state = 'installed' AND reason = 'retrial'"
eventually 0 "SELECT count(*) FROM device_failures"
then_an_outage_was_recorded broker $((away - 2))
then_everything_adds_up

# The longest that an unproven image ran: three quarters of the policy's time, which is what the device is told.
kill -TERM "${fleets[0]}"
wait "${fleets[0]}"
unset "fleets[0]"
summary=$(grep '^{' "$work/fleet-0.log")
echo "broker_away_during_trials: $away s: $(jq -c '{undecided, reverted, confirmed, images_written, unproven_seconds_max}' <<< "$summary")"
jq --exit-status ".undecided > 0 and .reverted == 0 and .confirmed == $devices and .images_written == $devices and
    .images_written_max_per_attempt == 1 and .bricked == 0 and .unproven_seconds_max <= $confirm" <<< "$summary" > "$work/verdict" ||
    fail "the devices did something else: $summary"
