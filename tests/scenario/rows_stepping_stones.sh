#!/usr/bin/env bash
# A release that is reached over a stepping stone: that one is confirmed, and the device waits for the next hop.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage
given_a_release_behind_a_stepping_stone

story 61 'it reaches the stepping stone'
a_device_is_offered_the_stepping_stone
the_device_says accepted
the_device_says downloading
the_device_says installed
the_device_says trial
the_device_says confirmed
then_its_way_was pending offered accepted downloading installed trial pending

story 57 'it reaches the stepping stone; all that it had said before was lost'
a_device_is_offered_the_stepping_stone
the_device_says confirmed
then_its_way_was pending offered pending

story 58 'it accepts, and reaches the stepping stone'
a_device_is_offered_the_stepping_stone
the_device_says accepted
the_device_says confirmed
then_its_way_was pending offered accepted pending

story 59 'it downloads, and reaches the stepping stone'
a_device_is_offered_the_stepping_stone
the_device_says downloading
the_device_says confirmed
then_its_way_was pending offered downloading pending

story 60 'the image is in its flash, and it reaches the stepping stone'
a_device_is_offered_the_stepping_stone
the_device_says installed
the_device_says confirmed
then_its_way_was pending offered installed pending

story 62 'it was silent, but had reached the stepping stone'
a_device_is_offered_the_stepping_stone '.timeouts.confirm_seconds = 1'
the_device_says trial
then_it_is silent
the_device_comes_back_with confirmed
then_its_way_was pending offered trial silent pending

story 56 'the offer was withdrawn, but the device had taken it, unheard: it has reached the stepping stone'
a_device_is_offered_the_stepping_stone '.timeouts.offer_seconds = 5'
the_device_goes_offline
when_operator pause "$campaign"
then_it_is pending
the_device_comes_back_with confirmed
then_its_way_was pending offered pending pending

# Each of them stands before its second hop.
eventually 7 'SELECT count(*) FROM targets WHERE hop = 1'

then_everything_adds_up
