-- What devices say of their flash: size, map, and the largest image that it leaves room for.
UPDATE devices d
SET flash_kb = u.flash_kb, flash_map = u.flash_map, image_max = u.image_max
FROM unnest($1::text[], $2::integer[], $3::text[], $4::integer[]) AS u(device_id, flash_kb, flash_map, image_max)
WHERE d.device_id = u.device_id
