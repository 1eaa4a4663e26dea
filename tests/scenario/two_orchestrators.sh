#!/usr/bin/env bash
# Two orchestrators share a campaign; one of them is killed in the middle. The cap holds at every moment, and every device is
# updated once.
. "$(dirname "$0")/lib.sh"

given_fleet 80 v1.0.5
given_firmware v1.1.0
given_policy '.in_flight = 7 | .rate.per_minute = 2400'

sed "s/^http_port = .*/http_port = $((${ORCHESTRATOR_URL##*:} + 1))/; s|^cache_directory = .*|cache_directory = \"$work/second-images\"|
     \$a public_url = $ORCHESTRATOR_URL" \
    "$work/state/orchestratord.conf" > "$work/second.conf"
"$build/bin/orchestratord" --config "$work/second.conf" 2> "$work/second.log" &
second=$!
helpers+=("$second")
eventually t "SELECT count(*) >= 2 FROM pg_stat_activity WHERE application_name = 'orchestratord ticker'"

when_campaign spring v1.1.0
when_confirmed spring 20
kill -KILL "$second"
wait "$second" 2> /dev/null || true
helpers=()

then_campaign_is spring completed
then_targets spring confirmed 80
then_devices_run v1.1.0 80
then_every_device_was_updated_once spring
then_everything_adds_up

# From the event log: an offer adds one in flight, an end takes it away.
most=$(sql "SELECT max(in_flight) FROM (SELECT sum(CASE WHEN to_state = 'offered' THEN 1
    WHEN to_state IN ('confirmed', 'rejected', 'failed', 'reverted', 'silent', 'cancelled', 'pending') THEN -1 ELSE 0 END)
    OVER (ORDER BY at, event_id) AS in_flight FROM events WHERE subject = 'target') steps")
[ "$most" -le 7 ] || fail "$most were in flight at once; the cap is 7"
[ "$most" -ge 3 ] || fail "only $most were in flight at once: the cap was not put to the test"
