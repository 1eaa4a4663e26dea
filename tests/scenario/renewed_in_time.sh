#!/usr/bin/env bash
# An orchestrator renews its lease while another one, which found it run out, has the broker drop its connections: it wakes up at the last
# moment, or a restored database knows only an old lease. The eviction ends; nobody goes on fighting for the client ids.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/outages.sh"

given_fleet 20 v1.0.5
given_firmware v1.1.0
given_a_second_orchestrator
then_serve 2
second_id=$(sql "SELECT orchestrator_id FROM orchestrators ORDER BY connected_since DESC LIMIT 1")
until grep -qs 'for=eviction' "$work/state/orchestratord.log" "$work/second.log"; do
    sql "UPDATE orchestrators SET lease_until = now() - interval '1 s' WHERE orchestrator_id = '$second_id'"
    sleep 0.05
done
patience=20
eventually 2 "SELECT count(*) FROM orchestrators WHERE connected_since < clock_timestamp() - interval '5 s'"
patience=60
when_campaign spring v1.1.0
then_campaign_is spring completed
then_targets spring confirmed 20
then_everything_adds_up
