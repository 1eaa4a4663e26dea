#!/usr/bin/env bash
# The broker stands still with its connections open, for longer than offline members are waited for: nobody can come online in it, so nobody
# is given up, and nobody who is there is judged.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/outages.sh"

given_fleet 20 v1.0.5 --reconnect 0.3
{ echo id,ptype,version && seq -f "absent-%.0f,$ptype,$(full v1.0.5)" 5; } > "$work/absent.csv"
orchestratorctl device import "$work/absent.csv" > "$work/out"
given_firmware v1.1.0
given_short_deadlines '.in_flight = 5 | .offline = {wait_seconds: 8, then: "fail"}'
when_campaign spring v1.1.0
when_confirmed spring 3
when_stopped "$(services pid mosquitto)"
sleep 14
eventually 5 "SELECT count(*) FROM targets WHERE device_id LIKE 'absent-%' AND state = 'pending'"
when_continued
then_targets spring confirmed 20
eventually 5 "SELECT count(*) FROM targets WHERE device_id LIKE 'absent-%' AND state = 'pending'"
then_an_outage_was_recorded broker 10
then_nobody_was_judged spring
then_everything_adds_up
