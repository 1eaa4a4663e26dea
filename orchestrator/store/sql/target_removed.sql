-- Targets of a campaign that have not ended, and whose device is not registered any more: $1 campaign, $2 how many at most.
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       NULL, 0, NULL, 0
FROM removed_devices r
JOIN targets t ON t.device_id = r.device_id AND t.campaign_id = $1 AND t.live
WHERE NOT EXISTS (SELECT FROM devices d WHERE d.device_id = r.device_id)
ORDER BY t.campaign_id, t.device_id LIMIT $2
FOR UPDATE OF t
