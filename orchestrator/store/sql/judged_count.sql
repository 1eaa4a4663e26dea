-- Eligible devices: ptype, versions, tags, devices, groups, firmware, stranded
SELECT count(*) FROM judged_devices($1, $2::text[], coalesce(string_to_array(nullif($3, ''), ','), '{}'), $4::text[],
                                    $5::json, $6, $7::text[])
WHERE left_out IS NULL
