#!/usr/bin/env bash
# The life of a campaign: everything that an operator, a gate, the clock and its devices can make of it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

given_a_stage
in_an_hour=$(date --utc --date '1 hour' +%Y-%m-%dT%H:%M:%SZ)
another_person=$(orchestratord token create --role operator --name another-person --config "$work/state/orchestratord.conf")

campaign_story 1 'started, and to begin in an hour: it is scheduled'
given_a_device
given_a_draft --start-at "$in_an_hour"
when_operator start "$campaign"
then_the_campaign_went draft scheduled

campaign_story 2 'its time has come: the membership is frozen'
given_a_device
given_a_draft
when_operator start "$campaign"
then_the_campaign_went draft scheduled running because '1 members'

campaign_story 3 'paused'
a_device_is_offered_the_update
when_operator pause "$campaign"
then_the_campaign_went draft scheduled running paused

campaign_story 4 'paused and resumed: what was withdrawn is offered again'
a_device_is_offered_the_update
when_operator pause "$campaign"
the_device_is_told_to_stop
the_device_says cancelled
then_it_is pending
when_operator resume "$campaign"
the_device_is_offered_it
then_the_campaign_went draft scheduled running paused running

campaign_story 5 'its device fails, and the gate halts it'
a_device_is_offered_the_update
the_device_says failed flash_error
then_the_campaign_went draft scheduled running halted because 'wave all: halt: 1 of 1 members failed, the limit is 10\%'

campaign_story 6 'paused, and a device that was at work fails: the gate halts it all the same'
a_device_is_offered_the_update
the_device_says accepted
then_it_is accepted
when_operator pause "$campaign"
the_device_says failed flash_error
then_the_campaign_went draft scheduled running paused halted because 'wave all: halt: 1 of 1 members failed, the limit is 10\%'

campaign_story 7 'halted, and an operator knows why: it goes on with the failure excused'
two_devices_are_offered_the_update
the_campaign_halts
when_operator resume "$campaign"
then_the_campaign_went draft scheduled running halted running

campaign_story 8 'its device confirms, and all is done'
a_device_is_offered_the_update
the_device_says confirmed
then_the_campaign_went draft scheduled running completed because 'every gate passed and every member has ended'

campaign_story 15 'a draft that nobody wants'
given_a_device
given_a_draft
when_operator cancel "$campaign"
then_the_campaign_went draft cancelled

campaign_story 16 'cancelled before its time has come'
given_a_device
given_a_draft --start-at "$in_an_hour"
when_operator start "$campaign"
when_operator cancel "$campaign"
then_the_campaign_went draft scheduled cancelled

campaign_story 16 'when its time comes its only device is in another campaign'
given_a_device
given_a_draft --start-at "$(date --utc --date '4 seconds' +%Y-%m-%dT%H:%M:%SZ)"
when_operator start "$campaign"
late=$campaign
campaign=$campaign-before given_a_campaign
campaign=$late
then_the_campaign_went draft scheduled cancelled because 'no device was eligible when it was planned%'

campaign_story 17 'running, and cancelled'
a_device_is_offered_the_update
when_operator cancel "$campaign"
then_the_campaign_went draft scheduled running cancelled

campaign_story 18 'paused, and cancelled'
a_device_is_offered_the_update
when_operator pause "$campaign"
when_operator cancel "$campaign"
then_the_campaign_went draft scheduled running paused cancelled

campaign_story 19 'halted, and given up'
two_devices_are_offered_the_update
the_campaign_halts
when_operator cancel "$campaign"
then_the_campaign_went draft scheduled running halted cancelled

campaign_story 22 'started by somebody whom another person must agree with'
given_policy_of_the_story '.approval = {approvers: 1, before: ["start"]}'
given_a_device
given_a_draft
when_operator start "$campaign"
then_the_campaign_went draft awaiting_approval

campaign_story 23 'another person agrees'
given_policy_of_the_story '.approval = {approvers: 1, before: ["start"]}'
given_a_device
given_a_draft --start-at "$in_an_hour"
when_operator start "$campaign"
ORCHESTRATOR_TOKEN=$another_person when_operator approve "$campaign"
then_the_campaign_went draft awaiting_approval scheduled

campaign_story 24 'nobody agrees, and it is cancelled'
given_policy_of_the_story '.approval = {approvers: 1, before: ["start"]}'
given_a_device
given_a_draft
when_operator start "$campaign"
when_operator cancel "$campaign"
then_the_campaign_went draft awaiting_approval cancelled

then_everything_adds_up
