-- parent, policy, seed: the campaign that takes the parent's devices back
INSERT INTO campaigns (name, kind, parent_id, ptype, policy, seed, created_by, state)
SELECT p.name || '.rollback' || CASE WHEN n.earlier = 0 THEN '' ELSE '-' || n.earlier + 1 END,
       'rollback', p.campaign_id, p.ptype, $2, $3, 'orchestrator', 'scheduled'
FROM campaigns p,
     LATERAL (SELECT count(*) AS earlier FROM campaigns c WHERE c.parent_id = p.campaign_id) n
WHERE p.campaign_id = $1
RETURNING campaign_id, name
