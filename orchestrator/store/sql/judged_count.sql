-- Eligible devices: ptype, versions, tags, devices, groups, firmware, stranded. How many are free, how many in other campaigns, and
-- which these are.
WITH judged AS MATERIALIZED (
    SELECT device_id, left_out
    FROM judged_devices($1, $2::text[], coalesce(string_to_array(nullif($3, ''), ','), '{}'), $4::text[],
                        $5::json, $6, $7::text[])
    WHERE left_out IS NULL OR left_out = 'other_campaign')
SELECT count(*) FILTER (WHERE left_out IS NULL), count(*) FILTER (WHERE left_out IS NOT NULL),
       (SELECT string_agg(DISTINCT c.name, ', ')
        FROM judged j
        JOIN targets t ON t.device_id = j.device_id AND t.live
        JOIN campaigns c USING (campaign_id)
        WHERE j.left_out IS NOT NULL)
FROM judged
