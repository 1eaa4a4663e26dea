-- name, firmware_id, ptype, from_rule, tags (comma-separated), policy, seed, actor, devices
INSERT INTO campaigns (name, firmware_id, ptype, from_rule, tags, policy, seed, created_by, devices)
VALUES ($1, $2, $3, $4, coalesce(string_to_array(nullif($5, ''), ','), '{}'), $6, $7, $8,
        $9::text[])
RETURNING campaign_id
