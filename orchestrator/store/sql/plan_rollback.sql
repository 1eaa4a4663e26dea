-- The way back of a campaign's devices that run its firmware now: rollback campaign, parent campaign.
INSERT INTO targets (campaign_id, device_id, wave, position, from_version, from_sha256, to_version, firmware_id,
                     flip_sha256)
SELECT $1, t.device_id, 0, row_number() OVER (ORDER BY t.position), d.version, d.image_sha256, t.from_version,
       f.firmware_id, coalesce(t.from_sha256, i.sha256)
FROM targets t
JOIN devices d USING (device_id)
LEFT JOIN firmware f ON f.version = t.from_version
LEFT JOIN images i ON i.firmware_id = f.firmware_id AND i.slot = 1
WHERE t.campaign_id = $2 AND t.attempt > 0
  AND (d.version = t.to_version
       -- on a stepping stone, and not yet offered the next hop
       OR d.version <> t.from_version AND EXISTS (
          SELECT FROM campaign_paths p WHERE p.campaign_id = t.campaign_id AND p.from_version = t.path_from
                                         AND p.hop = t.hop AND p.version = d.version))
  AND coalesce(t.from_sha256, i.sha256) IS NOT NULL
ON CONFLICT DO NOTHING
