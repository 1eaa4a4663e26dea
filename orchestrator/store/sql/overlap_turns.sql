-- Members whose turn has come: no campaign has the device, and none that runs and comes before this one waits for it. campaign, its
-- priority, limit. The last columns: what the device runs now, and whether on trial.
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       NULL, 0, NULL, 0, d.version, coalesce(d.boot = 'trial', false)
FROM targets t
JOIN devices d USING (device_id)
WHERE t.campaign_id = $1 AND t.queued
  AND NOT EXISTS (SELECT FROM targets h WHERE h.device_id = t.device_id AND h.live)
  AND NOT EXISTS (SELECT FROM targets o JOIN campaigns c USING (campaign_id)
                  WHERE o.device_id = t.device_id AND o.queued AND c.state = 'running'
                    AND (c.priority > $2 OR c.priority = $2 AND c.campaign_id < $1))
ORDER BY t.campaign_id, t.device_id LIMIT $3
FOR UPDATE OF t SKIP LOCKED
