-- name, firmware_id, ptype, from_rule, tags (comma-separated), policy, seed, actor
INSERT INTO campaigns (name, firmware_id, ptype, from_rule, tags, policy, seed, created_by)
VALUES ($1, $2, $3, $4, coalesce(string_to_array(nullif($5, ''), ','), '{}'), $6, $7, $8)
RETURNING campaign_id
