#!/usr/bin/env bash
# A canary of two devices: it opens the next wave when both have confirmed, and never when none has, whatever became of them.
# (tests/integration/test_engine_small_canaries.c has the same for other sizes and gates.)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

# a_campaign_begins NAME [JQ FILTER]: for three devices (given by $given), two of which are its canary.
given=given_a_device
a_campaign_begins() {
    local name
    campaign=$1
    cast=()
    given_policy ".waves[0].size = {count: 2} | ${2:-.}"
    for name in a b c; do
        $given $name
    done
    given_a_campaign
    then_wave_is "$campaign" wide pending
    mapfile -t canary < <(sql "SELECT device_id FROM targets JOIN campaigns c USING (campaign_id)
        WHERE c.name = '$campaign' AND wave = 0")
    [ ${#canary[@]} = 2 ]
}

# each_of_the_canary SENTENCE...
each_of_the_canary() {
    for device in "${canary[@]}"; do
        "$@"
    done
}

# then_it_halts_because WORDS: and nobody else was ever offered anything.
then_it_halts_because() {
    then_campaign_is "$campaign" halted
    eventually "wave canary: $1" "SELECT state_reason FROM ops.campaign_progress WHERE campaign = '$campaign'"
    then_wave_is "$campaign" canary failed
    then_wave_is "$campaign" wide pending
    then_wave_was_not_touched "$campaign" wide
}

given_a_stage

a_campaign_begins both-confirm
each_of_the_canary the_device_is_offered_it
each_of_the_canary the_device_says confirmed
then_wave_is both-confirm canary passed
then_wave_is both-confirm wide open

a_campaign_begins one-reverts
each_of_the_canary the_device_is_offered_it
the_device_says reverted health_check
then_it_halts_because 'halt: 1 of 2 members failed, the limit is 20%'

a_campaign_begins both-reject
each_of_the_canary the_device_is_offered_it
each_of_the_canary the_device_says rejected battery_low
then_it_halts_because 'halt: all 2 members have ended and none succeeded'

a_campaign_begins both-silent '.timeouts.offer_seconds = 1'
then_it_halts_because 'halt: 2 of 2 members failed, the limit is 20%'

given=given_an_offline_device a_campaign_begins both-skipped '.offline = {wait_seconds: 0, then: "skip"}'
then_it_halts_because 'halt: all 2 members have ended and none succeeded'

given=given_an_offline_device a_campaign_begins both-offline '.offline = {wait_seconds: 0, then: "fail"}'
then_it_halts_because 'halt: 2 of 2 members failed, the limit is 20%'

a_campaign_begins both-cancelled
each_of_the_canary the_device_is_offered_it
when_operator cancel both-cancelled
each_of_the_canary the_device_is_told_to_stop
each_of_the_canary the_device_says cancelled
then_targets both-cancelled cancelled 3
then_wave_is both-cancelled canary failed
then_wave_is both-cancelled wide pending
eventually 0 "SELECT sum(attempt) FROM targets WHERE wave = 1 AND campaign_id = (SELECT max(campaign_id) FROM campaigns)"

then_everything_adds_up
