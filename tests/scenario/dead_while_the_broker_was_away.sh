#!/usr/bin/env bash
# The broker is killed, and with it what it held: last wills and retained messages. A device that died meanwhile is found out: it is not
# offered anything, is shown offline within half a minute or so, and is skipped a minute after the outage. The others are updated.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/outages.sh"

given_an_orchestrator
given_agents 3
given_firmware v1.1.0
given_short_deadlines '.offline = {wait_seconds: 5, then: "skip"}'
patience=130 # devices have a minute to come back after an outage
broker=$(services pid mosquitto)
disown "${helpers[2]}" # its end is no news
kill -KILL "$broker" "${helpers[2]}"
services up > "$work/services.log" 2>&1
restarted=$SECONDS
eventually t "SELECT online FROM presence WHERE device_id = 'agent-3'" # nobody has said that it is gone
when_campaign spring v1.1.0

then_targets spring confirmed 2
eventually 2 "SELECT sum(online) FROM ops.fleet_by_version"
[ $((SECONDS - restarted)) -le 45 ] || fail "the dead device was online for $((SECONDS - restarted)) seconds"
eventually f "SELECT online FROM presence WHERE device_id = 'agent-3'"
then_campaign_is spring completed
then_targets spring skipped 1
eventually 'pending skipped offline' "SELECT string_agg(from_state || ' ' || to_state || ' ' || reason, ', ')
    FROM events WHERE subject = 'target' AND device_id = 'agent-3'"
then_everything_adds_up
