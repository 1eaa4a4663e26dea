#!/usr/bin/env bash
# Offers that are withdrawn and campaigns that are cancelled: what has not flipped yet is given up.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage

story 39 'the campaign is paused before the device has answered the offer: it does not begin'
a_device_is_offered_the_update
when_operator pause "$campaign"
the_device_is_told_to_stop
the_device_says cancelled
then_its_way_was pending offered pending because cancelled_by_device

story 40 'another device fails, the campaign halts, and what was accepted is given up'
given_a_device
given_a_device other
given_a_campaign
the_device device
the_device_is_offered_it
the_device_says accepted
the_device other
the_device_is_offered_it
the_device_says failed bad_image
the_device device
the_device_is_told_to_stop
the_device_says cancelled
then_its_way_was pending offered accepted pending because cancelled_by_device

story 41 'another device fails, the campaign halts, and a download is given up'
given_a_device
given_a_device other
given_a_campaign
the_device device
the_device_is_offered_it
the_device_says downloading
the_device other
the_device_is_offered_it
the_device_says failed bad_image
the_device device
the_device_is_told_to_stop
the_device_says cancelled
then_its_way_was pending offered downloading pending because cancelled_by_device

story 42 'the image is in flash just when the campaign halts: the flag is not flipped'
given_a_device
given_a_device other
given_a_campaign
the_device device
the_device_is_offered_it
the_device_says downloading
the_device other
the_device_is_offered_it
the_device_says failed bad_image
the_device device
the_device_is_told_to_stop
the_device_says installed
the_device_says cancelled
then_its_way_was pending offered downloading installed pending because cancelled_by_device

story 43 'the campaign is cancelled before the device was offered anything'
given_an_offline_device
given_a_campaign
then_it_is pending
when_operator cancel "$campaign"
then_its_way_was pending cancelled because campaign_cancelled

story 44 'the campaign is cancelled before the device has answered the offer'
a_device_is_offered_the_update
when_operator cancel "$campaign"
the_device_is_told_to_stop
the_device_says cancelled
then_its_way_was pending offered cancelled because cancelled_by_device

story 45 'the campaign is cancelled, and what was accepted is given up'
a_device_is_offered_the_update
the_device_says accepted
then_it_is accepted
when_operator cancel "$campaign"
the_device_is_told_to_stop
the_device_says cancelled
then_its_way_was pending offered accepted cancelled because cancelled_by_device

story 46 'the campaign is cancelled, and a download is given up'
a_device_is_offered_the_update
the_device_says downloading
then_it_is downloading
when_operator cancel "$campaign"
the_device_is_told_to_stop
the_device_says cancelled
then_its_way_was pending offered downloading cancelled because cancelled_by_device

story 47 'the image is in flash just when the campaign is cancelled: the flag is not flipped'
a_device_is_offered_the_update
the_device_says downloading
then_it_is downloading
when_operator cancel "$campaign"
the_device_is_told_to_stop
the_device_says installed
the_device_says cancelled
then_its_way_was pending offered downloading installed cancelled because cancelled_by_device

then_everything_adds_up
