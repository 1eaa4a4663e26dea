#!/usr/bin/env bash
# Devices that are not heard of again, and those of them that are, later: what they say then is what counts.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage

story 34 'it does not answer the offer'
a_device_is_offered_the_update '.timeouts.offer_seconds = 1'
then_its_way_was pending offered silent because offer_timeout

story 35 'it accepts, and is not heard of again'
a_device_is_offered_the_update '.timeouts.download_seconds = 1'
the_device_says accepted
then_its_way_was pending offered accepted silent because download_timeout

story 36 'it downloads, and is not heard of again'
a_device_is_offered_the_update '.timeouts.download_seconds = 1'
the_device_says downloading
then_its_way_was pending offered downloading silent because download_timeout

story 37 'the image is in its flash, and it is not heard of again'
a_device_is_offered_the_update '.timeouts.confirm_seconds = 1'
the_device_says installed
then_its_way_was pending offered installed silent because confirm_timeout

story 38 'the new image boots, and is not heard of again'
a_device_is_offered_the_update '.timeouts.confirm_seconds = 1'
the_device_says trial
then_its_way_was pending offered trial silent because confirm_timeout

story 17 'it was silent, but had only lost its network: the new image runs'
a_device_is_offered_the_update '.timeouts.confirm_seconds = 1'
the_device_says trial
then_it_is silent
the_device_comes_back_with confirmed
then_its_way_was pending offered trial silent confirmed

story 21 'it was silent, but had said no'
a_device_is_offered_the_update '.timeouts.offer_seconds = 1'
then_it_is silent
the_device_says rejected busy
then_its_way_was pending offered silent rejected because busy

story 26 'it was silent, but had failed before the flip'
a_device_is_offered_the_update '.timeouts.download_seconds = 1'
the_device_says downloading
then_it_is silent
the_device_comes_back_with failed hash_mismatch
then_its_way_was pending offered downloading silent failed because hash_mismatch

story 32 'it was silent, but the old image runs again'
a_device_is_offered_the_update '.timeouts.confirm_seconds = 1'
the_device_says installed
then_it_is silent
the_device_comes_back_with reverted confirm_timeout
then_its_way_was pending offered installed silent reverted because confirm_timeout

then_everything_adds_up
