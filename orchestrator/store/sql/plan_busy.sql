-- Whether a plan can be run now: devices of it that are in another live campaign, how many and in which; and the campaign that is about to
-- run it already. $1 plan, $2 the campaign that asks. The plan's row is locked, so that of two only one gets through.
WITH plan AS MATERIALIZED (SELECT plan_id FROM plans WHERE plan_id = $1 FOR UPDATE),
busy AS (
    SELECT count(*) AS devices, string_agg(DISTINCT c.name, ', ') AS campaigns
    FROM plan
    JOIN plan_devices p USING (plan_id)
    JOIN targets t USING (device_id)
    JOIN campaigns c USING (campaign_id)
    WHERE t.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial'))
SELECT busy.devices, busy.campaigns,
       (SELECT min(c.name) FROM campaigns c
        WHERE c.plan_id = $1 AND c.campaign_id <> $2 AND c.state IN ('awaiting_approval', 'scheduled'))
FROM busy
