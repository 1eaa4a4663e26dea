-- A campaign that no orchestrator can move shows why. The columns are new at the end: dashboards read the view.
CREATE OR REPLACE VIEW ops.campaign_progress AS
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
       c.created_at, c.started_at, c.ended_at, c.tick_error, c.tick_error_at
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
