#!/usr/bin/env bash
# Trials that end without a verdict: the broker was away, or the new image cannot reach it. The old image, which can, tries once more.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage

story 69 'the broker goes away in its trial; the old image is back first, and says that it will boot the new one again'
a_device_is_offered_the_update
the_device_says trial
the_device_will_boot_it_again
then_its_way_was pending offered trial installed because retrial

story 70 'the same, and nothing that it had said before was heard'
a_device_is_offered_the_update
the_device_will_boot_it_again
then_its_way_was pending offered installed because retrial

story 71 'the same, and it was heard only that it had taken the update'
a_device_is_offered_the_update
the_device_says accepted
the_device_will_boot_it_again
then_its_way_was pending offered accepted installed because retrial

story 72 'the same, and it was last heard of in its download'
a_device_is_offered_the_update
the_device_says downloading
the_device_will_boot_it_again
then_its_way_was pending offered downloading installed because retrial

story 73 'the new image was never heard of: it found no connection from the start'
a_device_is_offered_the_update
the_device_says installed
the_device_will_boot_it_again
then_its_way_was pending offered installed installed because retrial

story 16 'a second trial finds its connection'
a_device_is_offered_the_update
the_device_says trial
the_device_will_boot_it_again
the_device_says trial
the_device_says confirmed
then_its_way_was pending offered trial installed trial confirmed

story 31 'a second trial finds none either, while the old image has one again: that is a verdict'
a_device_is_offered_the_update
the_device_says trial
the_device_will_boot_it_again
the_device_says trial
the_device_comes_back_with reverted no_connection
then_its_way_was pending offered trial installed trial reverted because no_connection

story 47 'the campaign is cancelled meanwhile: it does not boot it again'
a_device_is_offered_the_update
the_device_says trial
orchestratorctl campaign cancel "$campaign" --reason story > "$work/out"
the_device_will_boot_it_again
the_device_is_told_to_stop
the_device_says cancelled
then_its_way_was pending offered trial installed cancelled because cancelled_by_device

then_everything_adds_up
