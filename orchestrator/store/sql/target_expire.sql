-- In flight and past the deadline. The last column: whether the device is online.
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, b1.size, i2.sha256, b2.size,
       (SELECT p.online FROM presence p WHERE p.device_id = t.device_id)
FROM targets t
LEFT JOIN images i1 ON i1.firmware_id = t.firmware_id AND i1.slot = 1
LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
LEFT JOIN images i2 ON i2.firmware_id = t.firmware_id AND i2.slot = 2
LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
WHERE t.campaign_id = $1 AND t.in_flight AND t.deadline < clock_timestamp()
ORDER BY t.deadline LIMIT $2
FOR UPDATE OF t SKIP LOCKED
