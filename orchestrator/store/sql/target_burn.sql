-- Attempts that are not counted, as the device took them for others that it had done: campaigns, devices.
UPDATE targets t SET burnt_attempts = t.burnt_attempts + 1
FROM unnest($1::bigint[], $2::text[]) AS u(campaign_id, device_id)
WHERE t.campaign_id = u.campaign_id AND t.device_id = u.device_id
