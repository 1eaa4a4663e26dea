#!/usr/bin/env bash
# campaign rollback plans first: of one fleet some flip back, some must download, some cannot; and the plan shown is what then
# happens.
. "$(dirname "$0")/lib.sh"

# flip- and fetch- come from v1.0.5, which is uploaded; lost- from v1.0.4, which never was. sick- refuses v1.1.0 and stays on v1.0.5.
given_fleet 5 v1.0.5 --prefix flip-
given_fleet 4 v1.0.5 --prefix fetch- --fault-version "$(full v1.2.0)" --fail-health 1.0
given_fleet 3 v1.0.4 --prefix lost- --fault-version "$(full v1.2.0)" --fail-health 1.0
given_fleet 2 v1.0.5 --prefix sick- --fault-version "$(full v1.1.0)" --fail-health 1.0
for version in v1.0.5 v1.1.0 v1.2.0; do
    given_firmware $version
done
given_policy '.waves = [.waves[1]] | .waves[0].gate |= . + {success_percent: 1, failure_percent: 100} | .in_flight = 3'
when_campaign spring v1.1.0
then_campaign_is spring completed
then_devices_run v1.1.0 12

# summer overwrites the other slot of fetch- and lost-, fails on all of them, and is left halted with two of flip- waiting in it.
given_policy '.waves[0].gate |= . + {success_percent: 1, failure_percent: 100} | .waves[0].size = {count: 9} | .in_flight = 9'
choice=()
for prefix in fetch- lost-; do
    for number in 1 2 3 4; do
        [ $prefix$number = lost-4 ] || choice+=(--device "${prefix}0000$number")
    done
done
sql "UPDATE presence SET online = false WHERE device_id IN ('flip-00004', 'flip-00005')"
when_campaign summer v1.2.0 "${choice[@]}" --device flip-00004 --device flip-00005
then_targets summer reverted 7
when_operator pause summer
then_nothing_is_in_flight summer

# The plan, for people and for programs; nothing is done.
ctl 0 'Flip back: *3$' campaign rollback spring --plan
grep -q 'Download: *4$' "$work/out" && grep -q 'Pace: *3 in flight at most' "$work/out"
grep -q '^Gate: *halts when 100% ' "$work/out" && grep -q '^summer *2$' "$work/out"
grep -q "^$(full v1.0.5) *download *4$" "$work/out"
json '.took_part == 14 and .flip == 3 and .download == 4 and .bytes > 80000 and .possible
    and .left_out == [{reason: "other_campaign", devices: 2}, {reason: "previous_overwritten", devices: 3},
                      {reason: "runs_another_version", devices: 2}]' campaign rollback spring --plan
json '[.devices[] | select(.way == "none") | "\(.device) \(.reason) \(.campaign)"] | sort ==
    ["flip-00004 other_campaign summer", "flip-00005 other_campaign summer", "lost-00001 previous_overwritten null",
     "lost-00002 previous_overwritten null", "lost-00003 previous_overwritten null",
     "sick-00001 runs_another_version null", "sick-00002 runs_another_version null"]' campaign rollback spring --devices
json '.devices | length == 4 and all(.device | startswith("fetch-"))' campaign rollback spring --devices --way download
ctl 2 'allowed are flip, download and none' campaign rollback spring --devices --way up
ctl 2 'are for --devices' campaign rollback spring --way flip
then_campaign_is spring completed

# On a terminal it asks. Whoever says no, or goes, has changed nothing.
exits 1 'Take 7 devices back? yes or no' script --quiet --return --command 'orchestratorctl campaign rollback spring' /dev/null <<< no
grep -q 'nothing was done' "$work/out"
then_campaign_is spring completed

# What is shown is what happens.
orchestratorctl campaign rollback spring --devices --json | jq -r '.devices[] | select(.way != "none") | "\(.device) \(.way) \(.to)"' |
    sort > "$work/planned"
exits 0 'campaign spring: rolling_back' script --quiet --return \
    --command 'orchestratorctl campaign rollback spring --yes --reason bad' /dev/null
! grep -q 'yes or no' "$work/out"
then_campaign_is spring rolled_back
sql "SELECT device_id || ' ' || way || ' ' || to_version FROM targets t JOIN campaigns c USING (campaign_id)
    WHERE c.name = 'spring.rollback' ORDER BY 1" > "$work/done"
LC_ALL=C sort -o "$work/planned" "$work/planned"
diff "$work/planned" "$work/done"
then_targets spring.rollback confirmed 7
eventually 4 "SELECT count(DISTINCT device) FROM ops.device_timeline WHERE campaign = 'spring.rollback' AND to_state = 'downloading'
    AND device LIKE 'fetch-%'"
eventually 0 "SELECT count(*) FROM ops.device_timeline WHERE campaign = 'spring.rollback' AND to_state = 'downloading'
    AND device NOT LIKE 'fetch-%'"
then_devices_run v1.0.5 9
ctl 0 'Expected: *3 flip back, 4 download$' campaign show spring
json '[.audit[] | select(.action == "rollback")] | length == 1 and .[0].reason == "bad" and .[0].detail.flip == 3
    and .[0].detail.download == 4 and .[0].detail.left_out.previous_overwritten == 3' audit list
ctl 0 'it was so already' campaign rollback spring

# Nobody to take back: said before anything is done.
given_policy
when_campaign autumn v1.1.0 --device sick-00001
then_campaign_is autumn halted
when_operator cancel autumn
ctl 1 'no device of autumn would go back' campaign rollback autumn
grep -q 'No device would go back' "$work/out"
then_campaign_is autumn cancelled
then_everything_adds_up
