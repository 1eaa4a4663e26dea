-- A page of products. $1 after (product_id or NULL), $2 limit
WITH page AS MATERIALIZED (
    SELECT p.*, (SELECT count(*) FROM devices d WHERE d.product_id = p.product_id) AS devices
    FROM products p
    WHERE p.product_id > coalesce($1::bigint, 0)
    ORDER BY p.product_id LIMIT $2::bigint + 1),
kept AS (SELECT * FROM page ORDER BY product_id LIMIT $2::bigint)
SELECT json_build_object(
    'products', (SELECT coalesce(json_agg(json_build_object(
        'name', name, 'description', description, 'serial', serial, 'is_private', is_private::int, 'ptype', ptype,
        'status', status, 'devices', devices,
        'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        ORDER BY product_id), '[]') FROM kept),
    'next', CASE WHEN (SELECT count(*) FROM page) > $2::bigint THEN (SELECT max(product_id)::text FROM kept) END)
