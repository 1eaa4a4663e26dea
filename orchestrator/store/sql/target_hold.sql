-- Devices that say they are at work on an attempt that was given up: the next one would be rejected as busy, so it waits for as long as they may be.
-- Campaigns, devices, seconds.
UPDATE targets t SET not_before = greatest(t.not_before, campaign_clock(c.stood_still, c.stands_since) + make_interval(secs => u.seconds))
FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS u(campaign_id, device_id, seconds)
JOIN campaigns c USING (campaign_id)
WHERE t.campaign_id = u.campaign_id AND t.device_id = u.device_id AND t.state = 'pending'
