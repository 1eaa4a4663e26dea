-- Attempts that ended badly: devices, campaigns; of those that are registered still. A device that flaps by the campaign's policy is quarantined. (All parts see the
-- table as it was, so what is added now is counted beside it.)
WITH new AS (SELECT device_id, campaign_id FROM unnest($1::text[], $2::bigint[]) AS u(device_id, campaign_id) JOIN devices USING (device_id)),
added AS (INSERT INTO device_failures (device_id, campaign_id) SELECT device_id, campaign_id FROM new),
quarantined AS (
    INSERT INTO quarantines (device_id, until, campaign_id, failures)
    SELECT n.device_id, now() + make_interval(secs => p.quarantine_seconds), n.campaign_id, f.failures
    FROM (SELECT device_id, max(campaign_id) AS campaign_id, count(*) AS now FROM new GROUP BY device_id) n
    JOIN campaigns c USING (campaign_id),
         json_to_record(c.policy -> 'flapping') AS p(failures bigint, within_seconds double precision,
                                                    quarantine_seconds double precision),
         LATERAL (SELECT count(*) + n.now AS failures FROM device_failures d
                  WHERE d.device_id = n.device_id AND d.at > now() - make_interval(secs => p.within_seconds)) f
    WHERE p.failures > 0 AND f.failures >= p.failures
    ON CONFLICT (device_id) DO UPDATE
    SET until = greatest(quarantines.until, excluded.until), since = now(), campaign_id = excluded.campaign_id,
        failures = excluded.failures
    RETURNING device_id, until, campaign_id, failures)
INSERT INTO audit (actor, action, object, reason, detail)
SELECT 'orchestrator', 'quarantine_device', q.device_id, 'failed attempts: ' || q.failures,
       jsonb_build_object('campaign', c.name, 'failures', q.failures, 'until', q.until)
FROM quarantined q JOIN campaigns c USING (campaign_id)
