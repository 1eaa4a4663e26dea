-- A page of products. $1 after (product_id or NULL), $2 limit
WITH page AS MATERIALIZED (
    SELECT * FROM products WHERE product_id > coalesce($1::bigint, 0) ORDER BY product_id LIMIT $2::bigint + 1),
counted AS (
    SELECT product_id, count(*) AS devices, count(activated_at) AS activated FROM devices
    WHERE product_id IN (SELECT product_id FROM page) GROUP BY product_id),
kept AS (SELECT * FROM page LEFT JOIN counted USING (product_id) ORDER BY product_id LIMIT $2::bigint)
SELECT json_build_object(
    'products', (SELECT coalesce(json_agg(json_build_object(
        'number', product_id, 'name', name, 'description', description, 'serial', serial, 'is_private', is_private::int,
        'ptype', ptype, 'status', status, 'version_scheme', version_scheme, 'max_version', max_version,
        'require_signature', require_signature, 'devices', coalesce(devices, 0), 'activated', coalesce(activated, 0),
        'progress', coalesce(100 * activated / devices, 0),
        'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        ORDER BY product_id), '[]') FROM kept),
    'next', CASE WHEN (SELECT count(*) FROM page) > $2::bigint THEN (SELECT max(product_id)::text FROM kept) END)
