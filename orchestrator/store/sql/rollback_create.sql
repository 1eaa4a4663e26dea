-- parent, policy, seed: the campaign that takes the parent's devices back. NAME.rollback, or the first of -2, -3... that
-- nothing else has: an operator may have given a campaign that name. It is not older than the parent's state: rollback_find.sql looks by that.
INSERT INTO campaigns (name, kind, parent_id, ptype, policy, seed, created_by, created_at, state, priority)
SELECT p.name || '.rollback' || CASE WHEN free.number = 1 THEN '' ELSE '-' || free.number END,
       'rollback', p.campaign_id, p.ptype, $2, $3, 'orchestrator', greatest(now(), p.state_at), 'scheduled', p.priority
FROM campaigns p,
     LATERAL (SELECT count(*) AS taken FROM campaigns c WHERE starts_with(c.name, p.name || '.rollback')) t,
     LATERAL (SELECT min(number) AS number FROM generate_series(1, t.taken + 1) number
              WHERE NOT EXISTS (SELECT FROM campaigns c WHERE c.name = p.name || '.rollback'
                                || CASE WHEN number = 1 THEN '' ELSE '-' || number END)) free
WHERE p.campaign_id = $1
RETURNING campaign_id, name
