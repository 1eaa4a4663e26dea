-- One product with its counts, the releases of its ptype, and its devices by version. $1 product_id
SELECT json_build_object(
    'number', p.product_id, 'name', p.name, 'description', p.description, 'serial', p.serial,
    'is_private', p.is_private::int, 'ptype', p.ptype, 'status', p.status, 'version_scheme', p.version_scheme,
    'max_version', p.max_version, 'require_signature', p.require_signature, 'devices', d.devices,
    'activated', d.activated, 'progress', coalesce(100 * d.activated / nullif(d.devices, 0), 0),
    'created_at', to_char(p.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'releases', (SELECT count(*) FROM firmware f WHERE f.ptype = p.ptype),
    'current', (SELECT f.version FROM firmware f WHERE f.ptype = p.ptype AND f.is_current),
    'versions', (SELECT coalesce(json_agg(json_build_object('version', v.version, 'devices', v.devices)
                                          ORDER BY v.version_order DESC NULLS LAST, v.version), '[]')
                 FROM (SELECT version, version_order, count(*) AS devices FROM devices
                       WHERE ptype = p.ptype AND product_id = p.product_id GROUP BY version, version_order) v))
FROM products p,
     LATERAL (SELECT count(*) AS devices, count(activated_at) AS activated FROM devices
              WHERE ptype = p.ptype AND product_id = p.product_id) d
WHERE p.product_id = $1
