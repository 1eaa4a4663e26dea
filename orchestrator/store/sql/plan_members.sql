-- The devices of a plan become the members of a campaign, none of them written yet: campaign, plan, whether those that other campaigns have
-- are members. Answers how many, how many of them others have, and how many are left to others.
WITH counted AS (
    SELECT wave, count(*) FILTER (WHERE NOT queued OR $3) AS members, count(*) FILTER (WHERE queued) AS queued
    FROM plan_devices WHERE plan_id = $2 GROUP BY wave),
filled AS (UPDATE waves w SET members = c.members, pending = c.members
           FROM counted c WHERE w.campaign_id = $1 AND w.wave = c.wave)
UPDATE campaigns c SET members_plan = $2, members = t.members, unwritten = t.members, written_to = 0
FROM (SELECT coalesce(sum(members), 0) AS members, coalesce(sum(queued), 0) AS queued FROM counted) t
WHERE c.campaign_id = $1
RETURNING c.members, CASE WHEN $3 THEN t.queued ELSE 0 END, CASE WHEN $3 THEN 0 ELSE t.queued END
