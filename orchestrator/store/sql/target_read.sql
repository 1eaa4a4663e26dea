-- The targets that a batch of reports names (by the wire's number of the campaign), with what their campaign says of time (read from its policy once, not for each target), and
-- with place and writer of their version: nothing is locked, target_reported.sql finds out whether another was faster.
WITH campaign AS MATERIALIZED (
    SELECT campaign_id, wire_number, state, (policy -> 'timeouts' ->> 'download_seconds')::bigint AS download_seconds,
           (policy -> 'timeouts' ->> 'confirm_seconds')::bigint AS confirm_seconds
    FROM campaigns WHERE wire_number = ANY ($1::bigint[])),
named AS (SELECT c.campaign_id, u.device_id FROM unnest($1::bigint[], $2::text[]) AS u(wire_number, device_id) JOIN campaign c USING (wire_number))
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, 0, i2.sha256, 0, c.state, c.download_seconds, c.confirm_seconds,
       t.attempt_base, CASE WHEN t.path_from IS NULL THEN 0 ELSE (
                SELECT count(*) FROM campaign_paths h
                WHERE h.campaign_id = t.campaign_id AND h.from_version = t.path_from AND h.hop > t.hop + 1) END,
       t.ctid, t.xmin,
       t.state IN ('pending', 'skipped', 'failed') AND t.attempt > t.attempt_base AND EXISTS (
           SELECT FROM events e
           WHERE e.device_id = t.device_id AND e.campaign_id = t.campaign_id AND e.attempt = t.attempt AND e.to_state = 'reverted'), c.wire_number, t.burnt_attempts,
       t.rebooted, t.boot, t.restarts, t.retrials, t.boots, t.download_stopped
FROM targets t
JOIN campaign c USING (campaign_id)
LEFT JOIN images i1 ON i1.firmware_id = t.firmware_id AND i1.slot = 1
LEFT JOIN images i2 ON i2.firmware_id = t.firmware_id AND i2.slot = 2
WHERE (t.campaign_id, t.device_id) IN (SELECT * FROM named)
ORDER BY c.wire_number, t.device_id
