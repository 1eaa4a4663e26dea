-- A page of devices. $1 ptype, $2 tag, $3 version, $4 after (device_id); each NULL for any. $5 limit
WITH page AS MATERIALIZED (
    SELECT d.*, product.name AS product, p.online, p.last_seen
    FROM devices d
    JOIN products product USING (product_id)
    LEFT JOIN presence p USING (device_id)
    WHERE ($1::integer IS NULL OR d.ptype = $1::integer)
      AND ($2::text IS NULL OR $2::text = ANY (d.tags))
      AND ($3::text IS NULL OR d.version = $3::text)
      AND d.device_id > coalesce($4::text, '')
    ORDER BY d.device_id LIMIT $5::bigint + 1),
kept AS (SELECT * FROM page ORDER BY device_id LIMIT $5::bigint)
SELECT json_build_object(
    'devices', (SELECT coalesce(json_agg(json_build_object(
        'id', device_id, 'ptype', ptype, 'product', product, 'version', version, 'slot', slot, 'boot', boot,
        'online', coalesce(online, false), 'tags', tags, 'flash_kb', flash_kb, 'flash_map', flash_map,
        'activated_at', to_char(activated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'last_seen', to_char(last_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        ORDER BY device_id), '[]') FROM kept),
    'next', CASE WHEN (SELECT count(*) FROM page) > $5::bigint THEN (SELECT max(device_id) FROM kept) END)
