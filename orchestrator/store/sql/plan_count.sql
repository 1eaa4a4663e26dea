-- Devices of a plan: how many are free, how many in live campaigns, and which these are. A plan that refuses overlap would have those too
-- that it had to leave out for other campaigns. $1 plan
WITH taken AS MATERIALIZED (
    SELECT m.is_member, t.campaign_id
    FROM (SELECT device_id, true AS is_member FROM plan_devices WHERE plan_id = $1
          UNION ALL
          SELECT l.device_id, false
          FROM plan_left_out l JOIN plans p USING (plan_id)
          WHERE l.plan_id = $1 AND l.reason = 'other_campaign' AND p.overlap = 'refuse') m
    JOIN targets t ON t.device_id = m.device_id AND t.live)
SELECT (SELECT coalesce(sum(n), 0) FROM plans p, unnest(p.wave_members) n WHERE p.plan_id = $1)
           - count(*) FILTER (WHERE is_member), count(*),
       (SELECT string_agg(c.name, ', ') FROM campaigns c WHERE c.campaign_id IN (SELECT campaign_id FROM taken))
FROM taken
