#!/usr/bin/env bash
# An update report by report, and with any of the reports lost on their way: whatever comes moves the device forward.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage

story 1 'a device is online and its wave is open: it is offered the update'
a_device_is_offered_the_update
then_its_way_was pending offered

story 2 'it takes the update'
a_device_is_offered_the_update
the_device_says accepted
then_its_way_was pending offered accepted

story 3 'it downloads; that it had accepted was lost'
a_device_is_offered_the_update
the_device_says downloading
then_its_way_was pending offered downloading

story 4 'it accepts, and downloads'
a_device_is_offered_the_update
the_device_says accepted
the_device_says downloading
then_its_way_was pending offered accepted downloading

story 5 'the image is in its flash; all that it had said before was lost'
a_device_is_offered_the_update
the_device_says installed
then_its_way_was pending offered installed

story 6 'the image was in its flash already: nothing had to be downloaded'
a_device_is_offered_the_update
the_device_says accepted
the_device_says installed
then_its_way_was pending offered accepted installed

story 7 'it downloads, and the image is in its flash'
a_device_is_offered_the_update
the_device_says downloading
the_device_says installed
then_its_way_was pending offered downloading installed

story 8 'the new image boots; all that the old one had said was lost'
a_device_is_offered_the_update
the_device_says trial
then_its_way_was pending offered trial

story 9 'it accepts, and is next heard of from the new image'
a_device_is_offered_the_update
the_device_says accepted
the_device_says trial
then_its_way_was pending offered accepted trial

story 10 'it downloads, and is next heard of from the new image'
a_device_is_offered_the_update
the_device_says downloading
the_device_says trial
then_its_way_was pending offered downloading trial

story 11 'the image is in its flash, and boots'
a_device_is_offered_the_update
the_device_says installed
the_device_says trial
then_its_way_was pending offered installed trial

story 12 'it confirms; all that it had said before was lost'
a_device_is_offered_the_update
the_device_says confirmed
then_its_way_was pending offered confirmed

story 13 'it accepts, and confirms; what it had said in between was lost'
a_device_is_offered_the_update
the_device_says accepted
the_device_says confirmed
then_its_way_was pending offered accepted confirmed

story 14 'it downloads, and confirms; what it had said in between was lost'
a_device_is_offered_the_update
the_device_says downloading
the_device_says confirmed
then_its_way_was pending offered downloading confirmed

story 15 'the image is in its flash, and it confirms; that it had booted was lost'
a_device_is_offered_the_update
the_device_says installed
the_device_says confirmed
then_its_way_was pending offered installed confirmed

story 16 'an update of which nothing is lost'
a_device_is_offered_the_update
the_device_says accepted
the_device_says downloading
the_device_says installed
the_device_says trial
the_device_says confirmed
then_its_way_was pending offered accepted downloading installed trial confirmed

then_everything_adds_up
