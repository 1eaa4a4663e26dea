-- What the wall clocks of a campaign's time zones show: campaign, moment (Unix seconds), the zone of targets that name none.
SELECT z.time_zone, z.name, extract(isodow FROM z.local)::integer - 1,
       extract(hour FROM z.local)::integer * 60 + extract(minute FROM z.local)::integer
FROM (SELECT time_zone, name, to_timestamp($2) AT TIME ZONE name AS local
      FROM (SELECT time_zone, coalesce(nullif(time_zone, ''), $3) AS name FROM campaign_zones WHERE campaign_id = $1) n) z
ORDER BY z.time_zone
