#!/usr/bin/env bash
# A release that breaks the network of some devices: it never connects. The old image of each connects, so it is the release: those
# devices go back for good after a second trial, and the campaign halts. The broker was there all the time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/outages.sh"

given_fleet 30 v1.0.5 --fail-connect 40% --fault-version "$(full v1.1.0)" --reconnect 0.3
given_firmware v1.1.0
given_short_deadlines '.timeouts.confirm_seconds = 8 | .waves[0].gate.failure_percent = 30 | .on_halt = "pause"'
when_campaign spring v1.1.0
then_campaign_is spring halted
then_nothing_is_in_flight spring
eventually 12 "SELECT devices FROM ops.failures_by_reason WHERE campaign = 'spring' AND reason = 'no_connection'"
eventually t "SELECT sum(devices) = 12 FROM ops.failures_by_reason WHERE campaign = 'spring'"
then_targets spring confirmed 18
then_devices_run v1.0.5 12
# Each was tried twice, and downloaded once.
eventually 12 "SELECT count(*) FROM (SELECT device FROM ops.device_timeline WHERE campaign = 'spring' AND to_state = 'installed'
    AND reason = 'retrial' GROUP BY device HAVING count(*) = 1) AS twice"
sql "SELECT 'broken_network: known to be no_connection ' || round(max(extract(epoch FROM r.at - i.at))) || ' s after it was installed, at most'
    FROM events r JOIN events i USING (device_id, attempt)
    WHERE r.to_state = 'reverted' AND i.to_state = 'installed' AND i.reason = ''"
then_everything_adds_up
