#!/usr/bin/env bash
# Devices that are tried again, and those that are never offered anything.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage

story 48 'it is offline for too long, and is left out'
given_policy_of_the_story '.offline = {wait_seconds: 0, then: "skip"}'
given_an_offline_device
given_a_campaign
then_its_way_was pending skipped because offline

story 48 'it was updated by other means before it could be offered anything'
given_an_offline_device
given_a_campaign
then_it_is pending
the_device_runs_it_already
then_its_way_was pending skipped because already_there

story 49 'it is offline for too long, which this policy takes for a failure'
given_policy_of_the_story '.offline = {wait_seconds: 0, then: "fail"}'
given_an_offline_device
given_a_campaign
then_its_way_was pending failed because offline

story 52 'it says no, and will be asked again'
a_device_is_offered_the_update '.retry = {attempts: 2, on: ["rejected"], backoff_seconds: 3600}'
the_device_says rejected battery_low
then_its_way_was pending offered rejected pending because battery_low

story 53 'it fails, and will try again'
a_device_is_offered_the_update '.retry = {attempts: 2, on: ["failed"], backoff_seconds: 3600}'
the_device_says downloading
the_device_says failed connection_lost
then_its_way_was pending offered downloading failed pending because connection_lost

story 54 'it goes back to the old image, and will try again'
a_device_is_offered_the_update '.retry = {attempts: 2, on: ["reverted"], backoff_seconds: 3600}'
the_device_says trial
the_device_says reverted health_check
then_its_way_was pending offered trial reverted pending because health_check

story 55 'it is silent, and will be tried again'
a_device_is_offered_the_update '.retry = {attempts: 2, on: ["silent"], backoff_seconds: 3600} | .timeouts.offer_seconds = 1'
then_its_way_was pending offered silent pending because offer_timeout

story 74 'it was left out, so that nobody was updated; the operator goes on, and it is waited for anew'
given_policy_of_the_story '.offline = {wait_seconds: 20, then: "skip"}'
given_an_offline_device
given_a_campaign
then_it_is skipped
then_campaign_is "$campaign" halted
when_operator resume "$campaign"
then_its_way_was pending skipped pending because resumed

then_everything_adds_up
