-- Waiting in an opened wave, and offline for so many seconds since then, or quarantined (the last column), which does not
-- keep it from going back.
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, b1.size, i2.sha256, b2.size, q.device_id IS NOT NULL
FROM targets t
JOIN waves w USING (campaign_id, wave)
JOIN presence p USING (device_id)
LEFT JOIN quarantines q ON q.device_id = t.device_id AND q.until > now()
     AND (SELECT kind FROM campaigns WHERE campaign_id = $1) = 'update'
LEFT JOIN images i1 ON i1.firmware_id = t.firmware_id AND i1.slot = 1
LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
LEFT JOIN images i2 ON i2.firmware_id = t.firmware_id AND i2.slot = 2
LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
WHERE t.campaign_id = $1 AND t.state = 'pending' AND NOT t.queued AND w.state <> 'pending'
  AND (q.device_id IS NOT NULL
       OR NOT p.online AND greatest(w.opened_at, p.changed_at, t.not_before) < clock_timestamp() - make_interval(secs => $2))
ORDER BY t.wave, t.position LIMIT $3
FOR UPDATE OF t SKIP LOCKED
