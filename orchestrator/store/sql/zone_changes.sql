-- When the wall clocks of a campaign's time zones will be changed: campaign, moment (Unix seconds), the zone of targets that name none, days from that
-- moment on (a multiple of 5). Zone, moment of the change (Unix seconds), by how many seconds the clock is ahead of UTC from then on. Looks for five days in which a clock
-- is changed (no zone does that twice in five days), and halves them down to the minute.
WITH RECURSIVE zones AS (
    SELECT DISTINCT coalesce(nullif(time_zone, ''), $3) AS name FROM campaign_zones WHERE campaign_id = $1),
samples AS (
    SELECT z.name, minute, (to_timestamp(minute * 60) AT TIME ZONE z.name) - (to_timestamp(minute * 60) AT TIME ZONE 'UTC') AS ahead
    FROM zones z CROSS JOIN generate_series($2::bigint / 60, $2 / 60 + $4 * 1440, 5 * 1440) minute),
spans AS (
    SELECT name, minute AS last, lead(minute) OVER zone AS changed, ahead AS before, lead(ahead) OVER zone AS after
    FROM samples WINDOW zone AS (PARTITION BY name ORDER BY minute)),
halves AS (
    SELECT name, last, changed, before, after FROM spans WHERE before <> after
    UNION ALL
    SELECT name, CASE WHEN ahead = before THEN middle ELSE last END, CASE WHEN ahead = before THEN changed ELSE middle END, before, after
    FROM (SELECT h.*, m.middle, (to_timestamp(m.middle * 60) AT TIME ZONE name) - (to_timestamp(m.middle * 60) AT TIME ZONE 'UTC') AS ahead
          FROM halves h CROSS JOIN LATERAL (SELECT (last + changed) / 2 AS middle) m
          WHERE changed - last > 1) h)
SELECT name, changed * 60, extract(epoch FROM after)::integer FROM halves WHERE changed - last = 1 ORDER BY 1, 2
