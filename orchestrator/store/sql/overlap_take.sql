-- They are the campaign's now, and begin with what they run now: campaign, devices, its version and firmware (NULL in a rollback,
-- whose targets have their own), the campaign's clock. Attempts are counted on over all turns, but for those of stepping stones that are reached: two
-- campaigns that take a device from each other would try for ever.
UPDATE targets t
SET queued = false, not_before = greatest(not_before, to_timestamp($5)), from_version = coalesce(d.version, t.from_version), from_sha256 = d.image_sha256,
    path_from = NULL, hop = 0, attempt_base = CASE WHEN t.hop > 0 THEN t.attempt ELSE t.attempt_base END,
    outage_attempts = CASE WHEN t.hop > 0 THEN 0 ELSE t.outage_attempts END,
    burnt_attempts = CASE WHEN t.hop > 0 THEN 0 ELSE t.burnt_attempts END,
    to_version = coalesce($3, t.to_version),
    firmware_id = CASE WHEN $3::text IS NULL THEN t.firmware_id ELSE $4 END
FROM devices d
WHERE t.campaign_id = $1 AND t.device_id = ANY ($2::text[]) AND d.device_id = t.device_id
