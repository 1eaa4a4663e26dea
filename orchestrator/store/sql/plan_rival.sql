-- The campaign that is about to run the plan already: plan, the campaign that asks. The plan's row is locked, so that of two only one
-- gets through.
WITH plan AS MATERIALIZED (SELECT plan_id FROM plans WHERE plan_id = $1 FOR UPDATE)
SELECT c.name
FROM plan
JOIN campaigns c USING (plan_id)
WHERE c.campaign_id <> $2 AND c.state IN ('awaiting_approval', 'scheduled')
ORDER BY c.name LIMIT 1
