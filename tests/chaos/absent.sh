#!/usr/bin/env bash
# A fifth of the fleet is offline, deadlines are short, and every part stands still in turn for longer than they are: the
# broker, all orchestrators, PostgreSQL, one orchestrator of two. Devices boot twice in an outage, and what they said is
# stored in any order. All that are there are confirmed; only those that never came are left out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../scenario/outages.sh"

devices=${ABSENT_DEVICES:-200}
absent=$((devices / 4))
given_fleet "$devices" v1.0.0 --boot-seconds 0.5 --health-seconds 0.5
{ echo id,ptype,version && seq -f "absent-%.0f,$ptype,$(full v1.0.0)" $absent; } > "$work/absent.csv"
orchestratorctl device import "$work/absent.csv" > "$work/out"
given_firmware v1.1.0
given_a_second_orchestrator
then_serve 2
given_policy ".in_flight = $((devices / 20)) | .on_halt = \"rollback\" | .offline.wait_seconds = 20 |
    .timeouts = {offer_seconds: 6, download_seconds: 6, confirm_seconds: 6}"

# stood_still WORDS
stood_still() {
    echo "absent: $* stood still: $(sql "SELECT confirmed || ' confirmed, ' || failures || ' failed, ' || skipped || ' skipped'
        FROM ops.campaign_progress")"
}
when_campaign spring v1.1.0
when_confirmed spring $((devices / 10))
stopped 8 "$(services pid mosquitto)"
stood_still "the broker"
stopped 10 "$(services pid orchestratord)" "$second"
stood_still "both orchestrators"
mapfile -t processes < <(postgres)
stopped 8 "${processes[@]}"
stood_still PostgreSQL
stopped 20 "$second"
stood_still "the second orchestrator"

patience=180
then_campaign_is spring completed
none "devices left out that are there" "SELECT device_id FROM targets WHERE state = 'skipped' AND device_id NOT LIKE 'absent-%'"
then_targets spring confirmed "$devices"
then_targets spring skipped $absent
then_targets spring failures 0
when_fleets_end
then_nothing_was_lost
