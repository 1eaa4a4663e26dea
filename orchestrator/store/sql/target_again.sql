-- Members of a wave that an operator has tried again: campaign, wave, states. Those that are not registered
-- any more, or are quarantined, are left as they are. The last columns decide, as in target_claim.sql, whether
-- the next offer would fit: whether the device is on trial, what it runs, and the rest of the candidate.
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       NULL, 0, NULL, 0, coalesce(d.boot = 'trial', false), d.version, t.from_version, f.requires,
       CASE WHEN t.hop > 0 THEN (SELECT h.version FROM campaign_paths h
                                 WHERE h.campaign_id = t.campaign_id AND h.from_version = t.path_from AND h.hop = t.hop) END,
       r.max_version, d.image_max,
       (SELECT max(b.size) FROM images i JOIN image_bytes b USING (sha256)
        WHERE i.firmware_id IN (t.firmware_id, c.firmware_id))
FROM targets t
JOIN campaigns c USING (campaign_id)
JOIN devices d USING (device_id)
JOIN products r USING (product_id)
LEFT JOIN firmware f ON f.firmware_id = t.firmware_id
WHERE t.campaign_id = $1 AND t.wave = $2 AND t.state = ANY ($3::text[])
  AND NOT (c.kind = 'update' AND EXISTS (SELECT FROM quarantines q WHERE q.device_id = t.device_id AND q.until > now()))
ORDER BY t.campaign_id, t.device_id
FOR UPDATE OF t
