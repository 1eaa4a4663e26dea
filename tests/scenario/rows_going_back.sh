#!/usr/bin/env bash
# Campaigns that go back: from wherever they stand, to the end of the way back or not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage

# everybody_runs_the_new_firmware: of a campaign with one device.
everybody_runs_the_new_firmware() {
    a_device_is_offered_the_update
    the_device_says confirmed
    then_campaign_is "$campaign" completed
}

campaign_story 9 'running, and to go back: it waits for the device on trial to end'
a_device_is_offered_the_update
the_device_says trial
then_it_is trial
when_operator rollback "$campaign"
then_the_campaign_went draft scheduled running rolling_back

campaign_story 26 'going back by mistake: cancelled while the device on trial is waited for'
a_device_is_offered_the_update
the_device_says trial
then_it_is trial
when_operator rollback "$campaign"
when_operator cancel "$campaign"
the_device_says confirmed
then_it_is confirmed
then_the_campaign_went draft scheduled running rolling_back cancelled

campaign_story 10 'paused, and to go back'
a_device_is_offered_the_update
the_device_says trial
then_it_is trial
when_operator pause "$campaign"
when_operator rollback "$campaign"
then_the_campaign_went draft scheduled running paused rolling_back

campaign_story 11 'halted, and an operator goes back'
two_devices_are_offered_the_update
the_device_says trial
the_campaign_halts
when_operator rollback "$campaign"
then_the_campaign_went draft scheduled running halted rolling_back

campaign_story 11 'halted under a policy that goes back by itself'
given_policy_of_the_story '.on_halt = "rollback"'
two_devices_are_offered_the_update
the_device_says trial
then_it_is trial
the_device second
the_device_says failed bad_image
then_the_campaign_went draft scheduled running halted rolling_back because 'on_halt is rollback'

campaign_story 12 'a fault shows after its end: the device is offered the way back'
everybody_runs_the_new_firmware
when_operator rollback "$campaign"
the_device_is_offered_it
then_the_campaign_went draft scheduled running completed rolling_back

campaign_story 13 'the device runs what it ran before'
everybody_runs_the_new_firmware
when_operator rollback "$campaign"
the_device_is_offered_it
the_device_says confirmed
then_the_campaign_went draft scheduled running completed rolling_back rolled_back because '%: 1 of 1 devices run the previous firmware again'

campaign_story 14 'its rollback is cancelled before the device has gone back'
everybody_runs_the_new_firmware
when_operator rollback "$campaign"
the_device_is_offered_it
when_operator cancel "$campaign.rollback"
then_the_campaign_went draft scheduled running completed rolling_back halted because "$campaign.rollback was cancelled"

campaign_story 20 'its rollback finds nobody to take back, and is done'
a_device_is_offered_the_update
when_operator rollback "$campaign"
the_device_is_told_to_stop
the_device_says cancelled
campaign=$campaign.rollback
then_the_campaign_went scheduled completed because 'no device was eligible when it was planned%'

campaign_story 21 'cancelled half-way, and what was updated before that goes back'
two_devices_are_offered_the_update
the_device_says confirmed
then_it_is confirmed
when_operator cancel "$campaign"
the_device second
the_device_is_told_to_stop
the_device_says cancelled
when_operator rollback "$campaign"
the_device first
the_device_is_offered_it
then_the_campaign_went draft scheduled running cancelled rolling_back

campaign_story 25 'rolled back, and once more for a device that was offline then'
given_policy_of_the_story '.offline = {wait_seconds: 0, then: "skip"}'
two_devices_are_offered_the_update
the_device_says confirmed
the_device second
the_device_says confirmed
then_campaign_is "$campaign" completed
the_device_goes_offline
when_operator rollback "$campaign"
the_device first
the_device_is_offered_it
the_device_says confirmed
then_campaign_is "$campaign" rolled_back
the_device second
the_device_runs_it_already
when_operator rollback "$campaign"
the_device_is_offered_it
then_the_campaign_went draft scheduled running completed rolling_back rolled_back rolling_back

then_everything_adds_up
