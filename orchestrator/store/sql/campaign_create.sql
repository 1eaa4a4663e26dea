-- name, firmware_id, ptype, from_rule, tags (comma-separated), policy, seed, actor, devices, start, end (Unix seconds
-- or NULL), what happens then, selector, plan, priority, overlap
INSERT INTO campaigns (name, firmware_id, ptype, from_rule, tags, policy, seed, created_by, devices, start_at,
                       end_at, at_end, selector, plan_id, priority, overlap)
VALUES ($1, $2, $3, $4, coalesce(string_to_array(nullif($5, ''), ','), '{}'), $6, $7, $8,
        $9::text[], to_timestamp($10), to_timestamp($11), $12, $13, $14, $15, $16)
RETURNING campaign_id
