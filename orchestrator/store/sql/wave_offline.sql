-- Members that wait in a wave because they are offline; when the first of them is given up if it can be offered something from now on until then, and
-- the minutes left: campaign, wave, seconds for which they are waited for.
WITH clock AS MATERIALIZED (
    SELECT clock_timestamp() - campaign_clock(stood_still, stands_since) AS behind FROM campaigns WHERE campaign_id = $1),
offline AS MATERIALIZED (
    SELECT t.time_zone, count(*) AS devices, min(greatest(w.opened_at, p.changed_at, t.not_before + c.behind)) AS since
    FROM clock c
    CROSS JOIN targets t
    JOIN waves w USING (campaign_id, wave)
    JOIN presence p USING (device_id)
    WHERE t.campaign_id = $1 AND t.wave = $2 AND t.live AND t.waiting AND NOT p.online
    GROUP BY t.time_zone),
waited AS (
    SELECT f.devices, coalesce(sum(extract(epoch FROM o.ended - greatest(o.began, f.since))) FILTER (WHERE o.ended > f.since), 0) AS seconds
    FROM offline f LEFT JOIN offer_times o ON o.campaign_id = $1 AND o.time_zone = f.time_zone
    GROUP BY f.time_zone, f.devices),
least_left AS (
    -- After an outage devices have their time to connect first (offer_time.sql).
    SELECT coalesce(sum(devices), 0) AS devices, greatest(0, $3::double precision - max(seconds)) + (
               SELECT greatest(0, coalesce(60 - extract(epoch FROM clock_timestamp() - outage_ended), 0)) FROM service) AS seconds
    FROM waited)
SELECT devices, to_char((clock_timestamp() + make_interval(secs => seconds)) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), ceil(seconds / 60)::bigint
FROM least_left
