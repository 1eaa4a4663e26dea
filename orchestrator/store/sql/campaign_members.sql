-- After the targets of a rollback are in: the waves' counters and the membership.
WITH counted AS (SELECT wave, count(*) AS members FROM targets WHERE campaign_id = $1 GROUP BY wave),
filled AS (UPDATE waves w SET members = c.members, pending = c.members
           FROM counted c WHERE w.campaign_id = $1 AND w.wave = c.wave)
UPDATE campaigns SET members = (SELECT coalesce(sum(members), 0) FROM counted)
WHERE campaign_id = $1
