-- Devices of a plan: how many are free, how many in live campaigns, and which these are. A plan that refuses overlap would have those too
-- that it had to leave out for other campaigns. $1 plan
WITH devices AS MATERIALIZED (
    SELECT m.is_member, t.campaign_id
    FROM (SELECT device_id, true AS is_member FROM plan_devices WHERE plan_id = $1
          UNION ALL
          SELECT l.device_id, false
          FROM plan_left_out l JOIN plans p USING (plan_id)
          WHERE l.plan_id = $1 AND l.reason = 'other_campaign' AND p.overlap = 'refuse') m
    LEFT JOIN targets t ON t.device_id = m.device_id AND t.live)
SELECT count(*) FILTER (WHERE is_member AND campaign_id IS NULL), count(campaign_id),
       (SELECT string_agg(c.name, ', ') FROM campaigns c WHERE c.campaign_id IN (SELECT campaign_id FROM devices))
FROM devices
