#!/usr/bin/env bash
# One of two orchestrators stands still for longer than its lease, and keeps its connections. The other one takes its place and judges by
# what it can know; the campaign goes on, and no device is judged by a report that the frozen one holds. Continued, it comes back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/outages.sh"

given_fleet 40 v1.0.5 --boot-seconds 1
given_firmware v1.1.0
given_firmware v1.2.0
given_a_second_orchestrator
then_serve 2
given_short_deadlines '.in_flight = 8 | .rate.per_minute = 200'

when_campaign spring v1.1.0
when_confirmed spring 5
when_stopped "$second"
froze=$SECONDS
then_serve 1
echo "after $((SECONDS - froze)) s the other one has taken its place"
sleep $((40 - SECONDS + froze))
then_nobody_was_judged spring
when_continued
then_serve 2
then_campaign_is spring completed
then_targets spring confirmed 40
then_nobody_was_judged spring
then_every_device_was_updated_once spring

# Both get reports again.
first_before=$(reports_of "$ORCHESTRATOR_URL")
second_before=$(reports_of "$second_url")
given_short_deadlines
when_campaign summer v1.2.0
then_campaign_is summer completed
then_targets summer confirmed 40
then_nobody_was_judged summer
[ "$(reports_of "$ORCHESTRATOR_URL")" -gt "$first_before" ] || fail "the first orchestrator gets no reports"
[ "$(reports_of "$second_url")" -gt "$second_before" ] || fail "the second orchestrator gets no reports"
then_everything_adds_up
