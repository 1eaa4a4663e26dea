-- A page of the audit, newest first. $1 after (audit_id or NULL), $2 limit
WITH page AS MATERIALIZED (
    SELECT * FROM audit WHERE $1::bigint IS NULL OR audit_id < $1::bigint
    ORDER BY audit_id DESC LIMIT $2::bigint + 1),
kept AS (SELECT * FROM page ORDER BY audit_id DESC LIMIT $2::bigint)
SELECT json_build_object(
    'audit', (SELECT coalesce(json_agg(json_build_object(
        'number', audit_id, 'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'actor', actor,
        'action', action, 'object', object, 'reason', reason, 'detail', detail)
        ORDER BY audit_id DESC), '[]') FROM kept),
    'next', CASE WHEN (SELECT count(*) FROM page) > $2::bigint THEN (SELECT min(audit_id)::text FROM kept) END)
