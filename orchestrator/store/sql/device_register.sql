-- Devices, their presence rows, their master keys' hashes, and a note that they are to be asked for a hello. Tags come as one comma-separated text each.
WITH added AS (
    INSERT INTO devices (device_id, product_id, ptype, tags, version, version_type, version_value, fota_class,
                         flash_kb, flash_map, image_max)
    SELECT device_id, product_id, ptype, coalesce(string_to_array(nullif(tags, ''), ','), '{}'), version, version_type::"char",
           version_value, fota_class::"char", flash_kb, flash_map, image_max
    FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::smallint[],
                $8::text[], $9::integer[], $10::text[], $11::integer[])
         AS t(device_id, product_id, ptype, tags, version, version_type, version_value, fota_class, flash_kb, flash_map,
              image_max)
    RETURNING device_id),
keyed AS (
    INSERT INTO device_keys (key_sha256, device_id, kind)
    SELECT key_sha256, device_id, 'master' FROM unnest($12::text[], $1::text[]) AS t(key_sha256, device_id)),
asked AS (INSERT INTO asks (device_id) SELECT device_id FROM added)
INSERT INTO presence (device_id) SELECT device_id FROM added
