-- A page of a campaign's targets. $1 campaign name, or number in digits; $2 state and $3 wave, each NULL for any;
-- $4 after (position or NULL), $5 limit
WITH page AS MATERIALIZED (
    SELECT t.*, w.name AS wave_name,
           CASE WHEN t.queued THEN (SELECT b.name FROM targets h JOIN campaigns b USING (campaign_id)
                                    WHERE h.device_id = t.device_id AND h.live)
           END AS behind
    FROM targets t
    JOIN waves w USING (campaign_id, wave)
    WHERE t.campaign_id = (SELECT campaign_id FROM campaigns c WHERE c.name = $1::text OR c.campaign_id::text = $1::text)
      AND ($2::text IS NULL OR t.state = $2::text)
      AND ($3::bigint IS NULL OR t.wave = $3::bigint)
      AND ($4::bigint IS NULL OR t.position > $4::bigint)
    ORDER BY t.campaign_id, t.position LIMIT $5::bigint + 1),
kept AS (SELECT * FROM page ORDER BY position LIMIT $5::bigint)
SELECT json_build_object(
    'targets', (SELECT coalesce(json_agg(json_build_object(
        'device', device_id, 'wave', wave, 'wave_name', wave_name, 'state', state, 'attempt', attempt,
        'progress', progress, 'from', from_version, 'to', to_version, 'reason', reason, 'hop', hop + 1, 'way', way,
        'queued', queued, 'behind', behind,
        'state_at', to_char(state_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'deadline', to_char(wall_clock(deadline) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        ORDER BY position), '[]') FROM kept),
    'next', CASE WHEN (SELECT count(*) FROM page) > $5::bigint THEN (SELECT max(position)::text FROM kept) END)
