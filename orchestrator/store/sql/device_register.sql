-- Devices, their presence rows, their master keys' hashes, and a note that they are to be asked for a hello. Tags come as one comma-separated text each.
WITH added AS (
    INSERT INTO devices (device_id, product_id, ptype, tags, version, version_order, fota_class, flash_kb, flash_map,
                         image_max)
    SELECT device_id, product_id, ptype, coalesce(string_to_array(nullif(tags, ''), ','), '{}'), version, version_order,
           fota_class::"char", flash_kb, flash_map, image_max
    FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[],
                $9::text[], $10::integer[])
         AS t(device_id, product_id, ptype, tags, version, version_order, fota_class, flash_kb, flash_map, image_max)
    RETURNING device_id),
keyed AS (
    INSERT INTO device_keys (key_sha256, device_id, kind)
    SELECT key_sha256, device_id, 'master' FROM unnest($11::text[], $1::text[]) AS t(key_sha256, device_id)),
asked AS (INSERT INTO asks (device_id) SELECT device_id FROM added)
INSERT INTO presence (device_id) SELECT device_id FROM added
