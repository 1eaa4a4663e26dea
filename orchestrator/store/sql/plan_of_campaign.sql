-- The plan of a campaign that was made without one, about to be used. $1 campaign
INSERT INTO plans (firmware_id, from_rule, tags, devices, selector, policy, seed, created_by, priority, overlap, of_campaign, in_use)
SELECT firmware_id, from_rule, tags, devices, selector, policy, seed, created_by, priority, overlap, true, true
FROM campaigns WHERE campaign_id = $1
RETURNING plan_id
