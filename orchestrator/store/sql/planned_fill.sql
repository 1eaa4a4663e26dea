-- The eligible devices in the campaign's order: ptype, versions, tags, devices, groups, firmware, stranded,
-- seed
INSERT INTO planned (place, device_id, version, image_sha256, tags)
SELECT row_number() OVER (ORDER BY hashtextextended(device_id, $8), device_id), device_id, version, image_sha256, tags
FROM judged_devices($1, $2::text[], coalesce(string_to_array(nullif($3, ''), ','), '{}'), $4::text[], $5::json, $6, $7::text[])
WHERE left_out IS NULL
