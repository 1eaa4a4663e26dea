-- The eligible devices in the campaign's order: ptype, versions, tags, devices, groups, firmware, stranded,
-- seed, whether devices of other campaigns are members (queued), whether tags are asked for
INSERT INTO planned (place, device_id, version, image_sha256, tags, queued)
SELECT row_number() OVER (ORDER BY hashtextextended(device_id, $8), device_id), device_id, version, image_sha256,
       CASE WHEN $10 THEN tags END, left_out IS NOT NULL
FROM judged_devices($1, $2::text[], coalesce(string_to_array(nullif($3, ''), ','), '{}'), $4::text[], $5::json, $6, $7::text[])
WHERE left_out IS NULL OR $9 AND left_out = 'other_campaign'
