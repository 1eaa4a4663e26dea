-- Who is left out and why: plan, ptype, versions, tags, devices, groups, firmware, stranded. Whoever is not selected is not asked for.
INSERT INTO plan_left_out (plan_id, device_id, reason)
SELECT $1, device_id, left_out
FROM judged_devices($2, $3::text[], coalesce(string_to_array(nullif($4, ''), ','), '{}'), $5::text[], $6::json, $7, $8::text[])
WHERE left_out <> 'not_selected'
