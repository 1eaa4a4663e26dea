-- Targets of a campaign that have a way with several hops begin with the first: campaign, devices
UPDATE targets t SET path_from = p.from_version, to_version = p.version, firmware_id = p.firmware_id
FROM campaign_paths p
WHERE t.campaign_id = $1 AND p.campaign_id = t.campaign_id AND p.from_version = t.from_version AND p.hop = 1
  AND t.device_id = ANY ($2::text[])
