-- The devices of a plan become those of a campaign: campaign, plan, to_version, firmware, whether those that another campaign has taken
-- since are members (queued); else they are left to it.
INSERT INTO targets (campaign_id, device_id, wave, position, from_version, from_sha256, to_version, firmware_id, queued)
SELECT $1, d.device_id, p.wave, p.position, d.version, d.image_sha256, $3, $4, t.device_id IS NOT NULL
FROM plan_devices p
JOIN devices d USING (device_id)
LEFT JOIN targets t ON t.device_id = p.device_id AND t.live
WHERE p.plan_id = $2 AND ($5 OR t.device_id IS NULL)
