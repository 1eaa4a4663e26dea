-- The eligible devices in the campaign's order, and for a plan of an operator's those that are left out: ptype, versions, tags, devices, groups, firmware,
-- stranded, seed, whether devices of other campaigns are members (queued), whether tags are asked for, plan (NULL: of a campaign). Whoever is not selected is not
-- asked for.
WITH judged AS MATERIALIZED (
    SELECT device_id, slot, CASE WHEN $10 THEN tags END AS tags, left_out,
           left_out IS NULL OR $9 AND left_out = 'other_campaign' AS taken
    FROM judged_devices($1, $2::text[], coalesce(string_to_array(nullif($3, ''), ','), '{}'), $4::text[],
                        $5::json, $6, $7::text[])
    WHERE left_out IS DISTINCT FROM 'not_selected'),
others AS (
    INSERT INTO plan_left_out (plan_id, device_id, reason)
    SELECT $11::bigint, device_id, left_out FROM judged WHERE NOT taken AND $11 IS NOT NULL)
INSERT INTO planned (place, device_id, slot, tags, queued)
SELECT row_number() OVER (ORDER BY hashtextextended(device_id, $8), device_id), device_id, slot, tags, left_out IS NOT NULL
FROM judged WHERE taken
