#!/usr/bin/env bash
# An urgent release comes while another one is on its way: it takes the devices over, at once where they have not flipped yet, and
# the audit says so. A campaign of an equal priority waits for its turn, and one that refuses overlap does not start.
. "$(dirname "$0")/lib.sh"

given_fleet 30 v1.0.5 --boot-seconds 1
given_firmware v1.1.0
given_firmware v1.2.0
given_policy '.waves = [{name: "all", size: {rest: true}}] | .in_flight = 4'

when_campaign autumn v1.1.0 --from '<v1.1.0'
when_confirmed autumn 3
choice=(--firmware "$(full v1.2.0)" --policy "$work/policy.json" --from '<v1.2.0')

# Before anything is done: what would be.
ctl 0 'other_campaign' campaign plan "${choice[@]}"
ctl 1 'other live campaigns (autumn)' campaign create strict "${choice[@]}" --overlap refuse --start
ctl 0 'does not start before' campaign plan "${choice[@]}" --overlap refuse
ctl 0 'autumn *50 *running' campaign plan "${choice[@]}" --overlap take-over --priority 90
ctl 2 "priority" campaign plan "${choice[@]}" --priority 101
ctl 1 'overlap: allowed is "leave-out"' campaign plan "${choice[@]}" --overlap mix

# The urgent one takes over. Nothing is ever in two updates: the simulator would be told to flash twice.
when_campaign urgent v1.2.0 --overlap take-over --priority 90
when_campaign patient v1.2.0 --overlap queue
eventually t "SELECT count(*) > 0 FROM audit WHERE action = 'give_way' AND object = 'autumn' AND detail ->> 'by' = 'urgent'"
json '.priority == 90 and .overlap == "take-over"' campaign show urgent
json '.queued > 0' campaign show patient
json '[.targets[] | select(.queued) | .behind] | length > 0' campaign targets patient
then_campaign_is urgent completed
then_devices_run v1.2.0 30

# The others find that there is nothing left to do.
then_campaign_is autumn completed
then_campaign_is patient halted
[ "$(sql "SELECT bool_and(t.state = 'skipped') FROM targets t JOIN campaigns c USING (campaign_id) WHERE c.name = 'patient'")" = t ]
[ "$(sql "SELECT count(*) FROM ops.queued_devices")" = 0 ]
then_everything_adds_up
