-- The devices of a plan become those of a campaign: campaign, plan, to_version, firmware. One that another campaign has taken since
-- is left to it.
INSERT INTO targets (campaign_id, device_id, wave, position, from_version, from_sha256, to_version, firmware_id)
SELECT $1, d.device_id, p.wave, p.position, d.version, d.image_sha256, $3, $4
FROM plan_devices p
JOIN devices d USING (device_id)
WHERE p.plan_id = $2
ON CONFLICT DO NOTHING
