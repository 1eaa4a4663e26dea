-- Attempts whose deadline was moved, and what for: campaign, device, rebooted, BOOTID, times taken anew, trials without a verdict, boots of trials
UPDATE targets t SET rebooted = u.rebooted, boot = nullif(u.boot, ''), restarts = u.restarts, retrials = u.retrials, boots = u.boots
FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::text[], $5::smallint[], $6::smallint[], $7::smallint[])
     AS u(campaign_id, device_id, rebooted, boot, restarts, retrials, boots)
WHERE t.campaign_id = u.campaign_id AND t.device_id = u.device_id
