-- ops.*: the stable contract for dashboards. ops_reader reads these views and nothing else.
-- Columns are only ever added; docs/operations.md describes them.

CREATE SCHEMA ops;

CREATE VIEW ops.fleet_by_version AS
SELECT d.ptype, coalesce(d.version, 'unknown') AS version, d.slot, count(*) AS devices,
       count(*) FILTER (WHERE p.online) AS online,
       count(*) FILTER (WHERE d.boot = 'trial') AS on_trial
FROM devices d
JOIN presence p USING (device_id)
GROUP BY d.ptype, coalesce(d.version, 'unknown'), d.slot;

CREATE VIEW ops.wave_progress AS
SELECT c.name AS campaign, c.campaign_id, w.wave, w.name AS wave_name, w.state, w.verdict, w.members,
       w.pending, w.offered, w.accepted, w.downloading, w.installed, w.trial,
       w.confirmed, w.rejected, w.failed, w.reverted, w.silent, w.cancelled, w.skipped,
       w.offered + w.accepted + w.downloading + w.installed + w.trial AS in_flight,
       w.failed + w.reverted + w.silent AS failures,
       w.excused, w.opened_at, w.soak_until, w.ended_at
FROM waves w
JOIN campaigns c USING (campaign_id);

CREATE VIEW ops.campaign_progress AS
SELECT c.name AS campaign, c.campaign_id, c.kind, parent.name AS parent, f.version AS firmware, c.state,
       c.state_reason, c.members,
       coalesce(s.pending, 0) AS pending, coalesce(s.offered, 0) AS offered, coalesce(s.accepted, 0) AS accepted,
       coalesce(s.downloading, 0) AS downloading, coalesce(s.installed, 0) AS installed,
       coalesce(s.trial, 0) AS trial, coalesce(s.confirmed, 0) AS confirmed, coalesce(s.rejected, 0) AS rejected,
       coalesce(s.failed, 0) AS failed, coalesce(s.reverted, 0) AS reverted, coalesce(s.silent, 0) AS silent,
       coalesce(s.cancelled, 0) AS cancelled, coalesce(s.skipped, 0) AS skipped,
       coalesce(s.in_flight, 0) AS in_flight, coalesce(s.failures, 0) AS failures,
       CASE WHEN c.members = 0 THEN 0
            ELSE round(100.0 * (c.members - coalesce(s.pending + s.in_flight, c.members)) / c.members, 1)
       END AS percent_ended,
       c.created_at, c.started_at, c.ended_at
FROM campaigns c
LEFT JOIN campaigns parent ON parent.campaign_id = c.parent_id
LEFT JOIN firmware f ON f.firmware_id = c.firmware_id
LEFT JOIN LATERAL (
    SELECT sum(pending) AS pending, sum(offered) AS offered, sum(accepted) AS accepted,
           sum(downloading) AS downloading, sum(installed) AS installed, sum(trial) AS trial,
           sum(confirmed) AS confirmed, sum(rejected) AS rejected, sum(failed) AS failed, sum(reverted) AS reverted,
           sum(silent) AS silent, sum(cancelled) AS cancelled, sum(skipped) AS skipped,
           sum(offered + accepted + downloading + installed + trial) AS in_flight,
           sum(failed + reverted + silent) AS failures
    FROM waves w WHERE w.campaign_id = c.campaign_id) s ON true;

CREATE VIEW ops.failures_by_reason AS
SELECT c.name AS campaign, t.to_version AS version, t.state, t.reason, count(*) AS devices,
       min(t.state_at) AS first_at, max(t.state_at) AS last_at
FROM targets t
JOIN campaigns c USING (campaign_id)
WHERE t.state IN ('rejected', 'failed', 'reverted', 'silent')
GROUP BY c.name, t.to_version, t.state, t.reason;

-- In flight and past the deadline, offline, or told to stop; or waiting in an opened wave while offline.
CREATE VIEW ops.stuck_devices AS
SELECT c.name AS campaign, t.device_id AS device, t.wave, t.state, t.attempt, t.state_at AS since, t.deadline,
       p.online, p.last_seen,
       CASE WHEN t.state = 'pending' THEN 'offline, waiting to be offered'
            WHEN t.deadline < now() THEN 'past its deadline'
            WHEN t.withdrawn THEN 'told to stop, not answered yet'
            ELSE 'offline in the middle of an update' END AS why
FROM targets t
JOIN campaigns c USING (campaign_id)
JOIN waves w USING (campaign_id, wave)
JOIN presence p USING (device_id)
WHERE (t.deadline IS NOT NULL AND (t.deadline < now() OR t.withdrawn OR NOT p.online))
   OR (t.state = 'pending' AND NOT p.online AND c.state = 'running' AND w.state <> 'pending');

CREATE VIEW ops.device_timeline AS
SELECT e.device_id AS device, e.at, c.name AS campaign, e.attempt, e.from_state, e.to_state, e.reason
FROM events e
JOIN campaigns c USING (campaign_id)
WHERE e.subject = 'target';

CREATE VIEW ops.campaign_timeline AS
SELECT c.name AS campaign, e.at, e.subject, e.wave, e.from_state, e.to_state, e.reason
FROM events e
JOIN campaigns c USING (campaign_id)
WHERE e.subject <> 'target';

CREATE VIEW ops.rejected_reports AS
SELECT kind, count, last_device, last_at FROM rejected_reports;

-- Roles belong to the whole cluster: another database, or another migration at this moment, may have made it.
DO $$
BEGIN
    CREATE ROLE ops_reader NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
GRANT USAGE ON SCHEMA ops TO ops_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA ops TO ops_reader;
