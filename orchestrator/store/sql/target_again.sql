-- Members of a wave that an operator has tried again: campaign, wave, states. Those that run the
-- release already, or are not registered any more, are left as they are.
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       NULL, 0, NULL, 0
FROM targets t
JOIN devices d USING (device_id)
WHERE t.campaign_id = $1 AND t.wave = $2 AND t.state = ANY ($3::text[])
  AND (t.state <> 'skipped' OR d.version IS DISTINCT FROM t.to_version)
ORDER BY t.campaign_id, t.device_id
FOR UPDATE OF t
