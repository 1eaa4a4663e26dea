-- Attempts whose deadline was moved, and what for: campaign, device, rebooted, BOOTID, moves, trials without a verdict
UPDATE targets t SET rebooted = u.rebooted, boot = nullif(u.boot, ''), restarts = u.restarts, retrials = u.retrials
FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::text[], $5::smallint[], $6::smallint[])
     AS u(campaign_id, device_id, rebooted, boot, restarts, retrials)
WHERE t.campaign_id = u.campaign_id AND t.device_id = u.device_id
