-- The next to be offered: online, in the order of the plan, in the time zones given (NULL: in all). A quarantine does not keep a
-- device from going back. The last columns are what the device runs now.
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, b1.size, i2.sha256, b2.size, d.version, d.image_sha256,
       (SELECT count(*) FROM campaign_paths h
                WHERE h.campaign_id = t.campaign_id AND h.from_version = t.path_from AND h.hop > t.hop + 1)
FROM targets t
JOIN campaigns c USING (campaign_id)
JOIN waves w USING (campaign_id, wave)
JOIN presence p USING (device_id)
JOIN devices d USING (device_id)
LEFT JOIN images i1 ON i1.firmware_id = t.firmware_id AND i1.slot = 1
LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
LEFT JOIN images i2 ON i2.firmware_id = t.firmware_id AND i2.slot = 2
LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
WHERE t.campaign_id = $1 AND t.state = 'pending' AND NOT t.queued AND w.state IN ('open', 'soaking', 'passed') AND p.online
  AND ($3::text[] IS NULL OR t.time_zone = ANY ($3::text[]))
  AND (t.not_before IS NULL OR t.not_before <= now())
  AND NOT EXISTS (SELECT FROM quarantines q WHERE q.device_id = t.device_id AND q.until > now()
                  AND c.kind = 'update')
  -- A campaign that comes before this one is about to take it.
  AND NOT EXISTS (SELECT FROM targets o JOIN campaigns b USING (campaign_id)
                  WHERE o.device_id = t.device_id AND o.queued AND b.state = 'running' AND c.kind = 'update'
                    AND (b.priority > c.priority OR b.priority = c.priority AND b.campaign_id < $1))
ORDER BY t.wave, t.position LIMIT $2
FOR UPDATE OF t SKIP LOCKED
