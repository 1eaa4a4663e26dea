-- Gives targets of a campaign the time zones of their devices' tags (tz:Europe/Berlin), where the database knows them: campaign, after this
-- position, up to this one
WITH zones AS MATERIALIZED (SELECT name FROM pg_timezone_names)
UPDATE targets t SET time_zone = z.name
FROM devices d, unnest(d.tags) tag, zones z
WHERE t.campaign_id = $1 AND t.position > $2 AND t.position <= $3 AND d.device_id = t.device_id AND tag LIKE 'tz:%'
  AND z.name = substr(tag, 4)
