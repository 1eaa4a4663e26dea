-- A page of public keys, by name. $1 after (name or NULL), $2 limit
WITH page AS MATERIALIZED (
    SELECT k.*, (SELECT count(*) FROM firmware_signatures s WHERE s.key_id = k.key_id) AS signatures
    FROM public_keys k WHERE $1::text IS NULL OR name COLLATE "C" > $1::text
    ORDER BY name COLLATE "C" LIMIT $2::bigint + 1),
kept AS (SELECT * FROM page ORDER BY name COLLATE "C" LIMIT $2::bigint)
SELECT json_build_object(
    'keys', (SELECT coalesce(json_agg(json_build_object(
        'name', name, 'key_id', key_id, 'revoked', revoked_at IS NOT NULL, 'signatures', signatures,
        'created_by', created_by, 'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'revoked_at', to_char(revoked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        ORDER BY name COLLATE "C"), '[]') FROM kept),
    'next', CASE WHEN (SELECT count(*) FROM page) > $2::bigint THEN (SELECT max(name COLLATE "C") FROM kept) END)
