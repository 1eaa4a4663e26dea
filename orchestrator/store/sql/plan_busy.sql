-- Devices of a plan that are in another live campaign now: how many, and in which.
SELECT count(*), string_agg(DISTINCT c.name, ', ')
FROM plan_devices p
JOIN targets t USING (device_id)
JOIN campaigns c USING (campaign_id)
WHERE p.plan_id = $1 AND t.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial')
