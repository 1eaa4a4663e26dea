-- A page of the devices that a plan leaves out. $1 plan; $2 reason and $3 after (device), each NULL for any; $4 limit
WITH page AS MATERIALIZED (
    SELECT p.device_id, p.reason, d.version
    FROM plan_left_out p
    JOIN devices d USING (device_id)
    WHERE p.plan_id = (SELECT plan_id FROM plans WHERE plan_id::text = $1) AND ($2::text IS NULL OR p.reason = $2::text) AND p.device_id > coalesce($3::text, '')
    ORDER BY p.device_id LIMIT $4::bigint + 1),
kept AS (SELECT * FROM page ORDER BY device_id LIMIT $4::bigint)
SELECT json_build_object(
    'devices', (SELECT coalesce(json_agg(json_build_object('device', device_id, 'reason', reason, 'version', version)
                                         ORDER BY device_id), '[]') FROM kept),
    'next', CASE WHEN (SELECT count(*) FROM page) > $4::bigint THEN (SELECT max(device_id) FROM kept) END)
