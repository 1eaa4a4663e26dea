INSERT INTO campaign_zones (campaign_id, time_zone)
SELECT DISTINCT campaign_id, time_zone FROM targets WHERE campaign_id = $1
