-- One hop is done, the next one is to come: campaigns, devices
UPDATE targets t
SET hop = t.hop + 1, attempt_base = t.attempt, to_version = p.version, firmware_id = p.firmware_id, progress = 0, failed_attempt = 0, outage_attempts = 0, burnt_attempts = 0
FROM unnest($1::bigint[], $2::text[]) AS u(campaign_id, device_id), campaign_paths p
WHERE t.campaign_id = u.campaign_id AND t.device_id = u.device_id AND p.campaign_id = t.campaign_id
  AND p.from_version = t.path_from AND p.hop = t.hop + 2
