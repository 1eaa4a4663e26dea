#!/usr/bin/env bash
# The ticker is served before the reports that wait: no device is judged by what is not stored yet. First the database answers nobody for
# longer than the deadlines, and the sessions that store reports last; then those sessions alone stand still, and the ticker goes on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/outages.sh"

given_fleet 50 v1.0.5 --boot-seconds 3
given_firmware v1.1.0
given_firmware v1.2.0
given_short_deadlines '.timeouts.confirm_seconds = 6'
mapfile -t storing < <(sessions 'orchestratord ingest%')

when_campaign spring v1.1.0
when_in_flight spring 50 offered,accepted,downloading,installed,trial
mapfile -t others < <(sessions 'orchestratord%' | grep -vwF "$(printf '%s\n' "${storing[@]}")")
when_stopped "${others[@]}" "${storing[@]}"
sleep 12
kill -CONT "${others[@]}"
sleep 3
when_continued
then_campaign_is spring completed
then_targets spring confirmed 50
then_nobody_was_judged spring
then_an_outage_was_recorded database 11

when_campaign summer v1.2.0
when_in_flight summer 50 offered,accepted,downloading,installed,trial
when_stopped "${storing[@]}"
sleep 12
when_continued
then_campaign_is summer completed
then_targets summer confirmed 50
then_nobody_was_judged summer

then_every_device_was_updated_once spring
then_every_device_was_updated_once summer
then_everything_adds_up
