-- A page of campaigns, newest first. $1 after (campaign_id or NULL), $2 limit
WITH page AS MATERIALIZED (
    SELECT p.*, c.priority
    FROM ops.campaign_progress p
    JOIN campaigns c USING (campaign_id)
    WHERE $1::bigint IS NULL OR campaign_id < $1::bigint
    ORDER BY campaign_id DESC LIMIT $2::bigint + 1),
kept AS (SELECT * FROM page ORDER BY campaign_id DESC LIMIT $2::bigint)
SELECT json_build_object(
    'campaigns', (SELECT coalesce(json_agg(json_build_object(
        'name', campaign, 'number', campaign_id, 'kind', kind, 'parent', parent, 'firmware', firmware, 'priority', priority,
        'state', state, 'state_reason', state_reason, 'members', members, 'confirmed', confirmed,
        'failures', failures, 'in_flight', in_flight, 'pending', pending, 'percent_ended', percent_ended,
        'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'started_at', to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'ended_at', to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        ORDER BY campaign_id DESC), '[]') FROM kept),
    'next', CASE WHEN (SELECT count(*) FROM page) > $2::bigint THEN (SELECT min(campaign_id)::text FROM kept) END)
