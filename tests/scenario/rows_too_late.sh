#!/usr/bin/env bash
# What was taken back too late: a device that had lost its network went on with the update, and what it says in the end is what counts.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage

story 50 'the offer was withdrawn, but the device had taken it, unheard: the new image runs'
a_device_is_offered_the_update '.timeouts.offer_seconds = 5'
the_device_goes_offline
when_operator pause "$campaign"
then_it_is pending
the_device_comes_back_with confirmed
then_its_way_was pending offered pending confirmed

story 51 'the offer was withdrawn, but the device had taken it, unheard: the old image runs again'
a_device_is_offered_the_update '.timeouts.offer_seconds = 5'
the_device_goes_offline
when_operator pause "$campaign"
then_it_is pending
the_device_comes_back_with reverted health_check
then_its_way_was pending offered pending reverted because health_check

story 18 'the campaign was cancelled, but the device had taken its offer, unheard: the new image runs'
a_device_is_offered_the_update '.timeouts.offer_seconds = 5'
the_device_goes_offline
when_operator cancel "$campaign"
then_it_is cancelled
the_device_comes_back_with confirmed
then_its_way_was pending offered cancelled confirmed

story 33 'the campaign was cancelled, but the device had taken its offer, unheard: the old image runs again'
a_device_is_offered_the_update '.timeouts.offer_seconds = 5'
the_device_goes_offline
when_operator cancel "$campaign"
then_it_is cancelled
the_device_comes_back_with reverted watchdog
then_its_way_was pending offered cancelled reverted because watchdog

story 63 'it was given up while offline, but had taken the offer before, unheard: the new image runs'
a_device_is_offered_the_update '.timeouts.offer_seconds = 5 | .offline = {wait_seconds: 1, then: "skip"}'
the_device_goes_offline
when_operator pause "$campaign"
then_it_is pending
when_operator resume "$campaign"
then_it_is skipped
the_device_comes_back_with confirmed
then_its_way_was pending offered pending skipped confirmed

story 64 'it was given up while offline, but had taken the offer before, unheard: the old image runs again'
a_device_is_offered_the_update '.timeouts.offer_seconds = 5 | .offline = {wait_seconds: 1, then: "skip"}'
the_device_goes_offline
when_operator pause "$campaign"
then_it_is pending
when_operator resume "$campaign"
then_it_is skipped
the_device_comes_back_with reverted health_check
then_its_way_was pending offered pending skipped reverted because health_check

story 65 'it was given up while offline, but had taken the offer before, unheard: the new image runs'
a_device_is_offered_the_update '.timeouts.offer_seconds = 5 | .offline = {wait_seconds: 1, then: "fail"}'
the_device_goes_offline
when_operator pause "$campaign"
then_it_is pending
when_operator resume "$campaign"
then_it_is failed
the_device_comes_back_with confirmed
then_its_way_was pending offered pending failed confirmed

story 66 'it was given up while offline, but had taken the offer before, unheard: the old image runs again'
a_device_is_offered_the_update '.timeouts.offer_seconds = 5 | .offline = {wait_seconds: 1, then: "fail"}'
the_device_goes_offline
when_operator pause "$campaign"
then_it_is pending
when_operator resume "$campaign"
then_it_is failed
the_device_comes_back_with reverted health_check
then_its_way_was pending offered pending failed reverted because health_check

story 67 'it was silent, and is still at work on it: it rejects the next attempt, and confirms the first'
a_device_is_offered_the_update '.timeouts.offer_seconds = 2 | .retry = {attempts: 2, on: ["silent"], backoff_seconds: 1}'
first_offer=${offers[$device]}
the_device_is_offered_it
the_device_says rejected busy
then_it_is rejected
offers[$device]=$first_offer
the_device_says confirmed
then_its_way_was pending offered silent pending offered rejected confirmed

story 68 'it is on trial, and somebody deletes its row'
a_device_is_offered_the_update
the_device_says trial
then_it_is trial
sql "DELETE FROM devices WHERE device_id = '$device'"
then_its_way_was pending offered trial cancelled because not_registered

then_everything_adds_up
