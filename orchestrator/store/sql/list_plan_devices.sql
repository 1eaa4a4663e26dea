-- A page of a plan's members. $1 plan; $2 wave and $3 after (position), each NULL for any; $4 limit
WITH page AS MATERIALIZED (
    SELECT p.position, p.wave, p.device_id, p.queued, d.version, d.slot
    FROM plan_devices p
    JOIN devices d USING (device_id)
    WHERE p.plan_id = (SELECT plan_id FROM plans WHERE plan_id::text = $1) AND ($2::bigint IS NULL OR p.wave = $2::bigint)
      AND ($3::bigint IS NULL OR p.position > $3::bigint)
    ORDER BY p.position LIMIT $4::bigint + 1),
kept AS (SELECT * FROM page ORDER BY position LIMIT $4::bigint)
SELECT json_build_object(
    'devices', (SELECT coalesce(json_agg(json_build_object('device', device_id, 'wave', wave, 'version', version,
                                                           'slot', slot, 'queued', queued) ORDER BY position), '[]') FROM kept),
    'next', CASE WHEN (SELECT count(*) FROM page) > $4::bigint THEN (SELECT max(position)::text FROM kept) END)
