-- Devices, their presence rows, and a note that they are to be asked for a hello. Tags come as one comma-separated text each.
WITH added AS (
    INSERT INTO devices (device_id, product_id, ptype, tags, version, version_type, version_value, fota_class)
    SELECT device_id, product_id, ptype, coalesce(string_to_array(nullif(tags, ''), ','), '{}'), version, version_type::"char",
           version_value, fota_class::"char"
    FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::smallint[],
                $8::text[])
         AS t(device_id, product_id, ptype, tags, version, version_type, version_value, fota_class)
    RETURNING device_id),
asked AS (INSERT INTO asks (device_id) SELECT device_id FROM added)
INSERT INTO presence (device_id) SELECT device_id FROM added
