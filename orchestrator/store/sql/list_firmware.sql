-- A page of firmware. $1 after (firmware_id or NULL), $2 limit
WITH page AS MATERIALIZED (
    SELECT * FROM firmware WHERE firmware_id > coalesce($1::bigint, 0) ORDER BY firmware_id LIMIT $2::bigint + 1),
kept AS (SELECT * FROM page ORDER BY firmware_id LIMIT $2::bigint)
SELECT json_build_object(
    'firmware', (SELECT coalesce(json_agg(json_build_object(
        'version', f.version, 'ptype', f.ptype, 'current', f.is_current, 'corename', f.corename,
        'codename', f.codename, 'notes', f.notes, 'created_by', f.created_by,
        'created_at', to_char(f.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'images', (SELECT coalesce(json_agg(json_build_object('slot', c.slot, 'sha256', c.sha256, 'size', c.size)
                                            ORDER BY c.slot), '[]')
                   FROM firmware_contents c WHERE c.firmware_id = f.firmware_id AND c.slot IS NOT NULL),
        'files', (SELECT coalesce(json_agg(json_build_object('name', c.name, 'sha256', c.sha256, 'size', c.size)
                                           ORDER BY c.slot, c.name), '[]')
                  FROM firmware_contents c WHERE c.firmware_id = f.firmware_id))
        ORDER BY f.firmware_id), '[]') FROM kept f),
    'next', CASE WHEN (SELECT count(*) FROM page) > $2::bigint THEN (SELECT max(firmware_id)::text FROM kept) END)
