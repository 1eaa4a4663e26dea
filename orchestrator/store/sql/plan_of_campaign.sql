-- The plan of a campaign that was made without one. $1 campaign
INSERT INTO plans (firmware_id, from_rule, tags, devices, selector, policy, seed, created_by, priority, overlap, of_campaign)
SELECT firmware_id, from_rule, tags, devices, selector, policy, seed, created_by, priority, overlap, true
FROM campaigns WHERE campaign_id = $1
RETURNING plan_id
