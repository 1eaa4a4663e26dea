-- Devices of a plan: how many are free, how many in live campaigns, and which these are. $1 plan
WITH devices AS MATERIALIZED (
    SELECT t.campaign_id
    FROM plan_devices p
    LEFT JOIN targets t ON t.device_id = p.device_id AND NOT t.queued
         AND t.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial')
    WHERE p.plan_id = $1)
SELECT count(*) FILTER (WHERE campaign_id IS NULL), count(campaign_id),
       (SELECT string_agg(c.name, ', ') FROM campaigns c WHERE c.campaign_id IN (SELECT campaign_id FROM devices))
FROM devices
