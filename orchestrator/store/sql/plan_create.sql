-- firmware_id, from_rule, tags (comma-separated), devices, selector, policy, seed, actor, priority, overlap
INSERT INTO plans (firmware_id, from_rule, tags, devices, selector, policy, seed, created_by, priority, overlap)
VALUES ($1, $2, coalesce(string_to_array(nullif($3, ''), ','), '{}'), $4::text[], $5, $6, $7, $8, $9, $10)
RETURNING plan_id
