#!/usr/bin/env bash
# Every way in which a device ends without success, from wherever it was last heard of.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage

story 19 'it says no to the offer'
a_device_is_offered_the_update
the_device_says rejected battery_low
then_its_way_was pending offered rejected because battery_low

story 20 'it had accepted, and says no after all'
a_device_is_offered_the_update
the_device_says accepted
the_device_says rejected bad_command
then_its_way_was pending offered accepted rejected because bad_command

story 22 'it fails before the flip; that it had accepted was lost'
a_device_is_offered_the_update
the_device_says failed power_lost
then_its_way_was pending offered failed because power_lost

story 23 'it accepts, and finds no server to download from'
a_device_is_offered_the_update
the_device_says accepted
the_device_says failed connection_lost
then_its_way_was pending offered accepted failed because connection_lost

story 24 'it does not get the whole image in time'
a_device_is_offered_the_update
the_device_says downloading
the_device_says failed download_timeout
then_its_way_was pending offered downloading failed because download_timeout

story 25 'the image is in its flash, and the flag cannot be flipped'
a_device_is_offered_the_update
the_device_says installed
the_device_says failed flash_error
then_its_way_was pending offered installed failed because flash_error

story 27 'it went back to the old image; all that it had said before was lost'
a_device_is_offered_the_update
the_device_says reverted watchdog
then_its_way_was pending offered reverted because watchdog

story 28 'it accepts, and is next heard of from the old image, after the flip'
a_device_is_offered_the_update
the_device_says accepted
the_device_says reverted crash_loop
then_its_way_was pending offered accepted reverted because crash_loop

story 29 'it downloads, and is next heard of from the old image, after the flip'
a_device_is_offered_the_update
the_device_says downloading
the_device_says reverted crash_loop
then_its_way_was pending offered downloading reverted because crash_loop

story 30 'the new image never gets so far as to say that it has booted'
a_device_is_offered_the_update
the_device_says installed
the_device_says reverted boot_check
then_its_way_was pending offered installed reverted because boot_check

story 31 'the new image boots, and finds itself not healthy'
a_device_is_offered_the_update
the_device_says trial
the_device_says reverted health_check
then_its_way_was pending offered trial reverted because health_check

then_everything_adds_up
