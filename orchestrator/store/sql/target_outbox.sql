-- Commands to be sent, and what the device's firmware understands: cancels, and all that is out to a device that has just come back; and what is not answered: offers for $4
-- seconds, cancels of what was taken for $2 (NULL: neither, which an index finds among all that is in flight).
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, b1.size, i2.sha256, b2.size, (SELECT d.can FROM devices d WHERE d.device_id = t.device_id)
FROM targets t
LEFT JOIN images i1 ON i1.firmware_id = t.firmware_id AND i1.slot = 1
LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
LEFT JOIN images i2 ON i2.firmware_id = t.firmware_id AND i2.slot = 2
LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
WHERE t.campaign_id = $1 AND t.in_flight AND (SELECT p.online AND NOT p.awaits_hello FROM presence p WHERE p.device_id = t.device_id)
  AND (t.sent_at IS NULL
       OR ($2::integer IS NOT NULL AND (t.state = 'offered' OR t.withdrawn)
           AND t.sent_at < clock_timestamp() - make_interval(secs => CASE WHEN t.state = 'offered' THEN $4 ELSE $2 END)))
ORDER BY t.sent_at NULLS FIRST LIMIT $3
FOR UPDATE OF t SKIP LOCKED
