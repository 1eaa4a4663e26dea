-- Commands to be sent, and what the device's firmware understands: cancels, and all that is out to a device that has just come back; and what is not answered: offers for $4
-- seconds, cancels of what was taken for $2 (NULL: neither, which an index finds among all that is in flight). The last columns decide, as in target_claim.sql,
-- whether an offer fits its device still.
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, b1.size, i2.sha256, b2.size, d.can,
       d.boot = 'trial', d.version, t.from_version, f.requires,
       CASE WHEN t.hop > 0 THEN (SELECT h.version FROM campaign_paths h
                                 WHERE h.campaign_id = t.campaign_id AND h.from_version = t.path_from AND h.hop = t.hop) END,
       r.max_version, d.image_max, greatest(b1.size, b2.size)
FROM targets t
LEFT JOIN devices d ON d.device_id = t.device_id
LEFT JOIN products r USING (product_id)
LEFT JOIN firmware f ON f.firmware_id = t.firmware_id
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
