-- By how many seconds the wall clocks of a campaign's time zones are ahead of UTC: campaign, moment (Unix seconds), the zone of targets that name none.
SELECT z.time_zone, z.name,
       extract(epoch FROM (to_timestamp($2) AT TIME ZONE z.name) - (to_timestamp($2) AT TIME ZONE 'UTC'))::integer
FROM (SELECT time_zone, coalesce(nullif(time_zone, ''), $3) AS name FROM campaign_zones WHERE campaign_id = $1) z
ORDER BY z.time_zone
