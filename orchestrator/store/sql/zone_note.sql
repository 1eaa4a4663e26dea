-- campaign, after this position, up to this one
INSERT INTO campaign_zones (campaign_id, time_zone)
SELECT DISTINCT campaign_id, time_zone FROM targets WHERE campaign_id = $1 AND position > $2 AND position <= $3
ON CONFLICT DO NOTHING
