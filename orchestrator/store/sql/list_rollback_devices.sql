-- A page of the devices that took part in a campaign, and how each goes back. $1 name of the campaign, or number in digits; $2 flip,
-- download, none or NULL for any; $3 after (place or NULL), $4 limit
WITH page AS MATERIALIZED (
    SELECT j.*
    FROM campaigns c, judged_rollback(c.campaign_id) j
    WHERE (c.name = $1::text OR c.campaign_id::text = $1::text)
      AND ($2::text IS NULL OR coalesce(j.way, 'none') = $2::text)
      AND ($3::bigint IS NULL OR j.place > $3::bigint)
    ORDER BY j.place LIMIT $4::bigint + 1),
kept AS (SELECT * FROM page ORDER BY place LIMIT $4::bigint)
SELECT json_build_object(
    'devices', (SELECT coalesce(json_agg(json_build_object(
        'device', device_id, 'way', coalesce(way, 'none'), 'from', version,
        'to', CASE WHEN left_out = 'runs_another_version' THEN NULL ELSE previous END,
        'bytes', bytes, 'reason', left_out, 'campaign', other_campaign) ORDER BY place), '[]') FROM kept),
    'next', CASE WHEN (SELECT count(*) FROM page) > $4::bigint THEN (SELECT max(place)::text FROM kept) END)
