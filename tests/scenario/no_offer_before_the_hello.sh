#!/usr/bin/env bash
# A device has connected again, and its hello is not stored: an offer would be made by what it ran before. None goes out until the hello has
# come; when that stays away, the device is asked for it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage
campaign=spring
cast=()
given_policy_of_the_story
given_a_device
asked=$(times_asked)
the_device_goes_offline
the_device_is_asked_again "$asked" # it may have been the end of an earlier connection
asked=$(times_asked)
publish presence '{"online":true}' --retain
eventually t "SELECT online FROM presence WHERE device_id = '$device'"
given_a_campaign

# It is asked for its hello after ten seconds; before and after that it is offered nothing.
sleep 3
[ -z "$(heard '.command == "update"')" ] || fail "the device was offered the update before its hello"
the_device_is_asked_again "$asked"
sleep 2
[ -z "$(heard '.command == "update"')" ] || fail "the device was offered the update before its hello"
then_it_is pending

publish report "$(hello_of 1 "$(full v1.0.5)" "$old_sha256")"
the_device_is_offered_it
the_device_says accepted
then_it_is accepted
