-- The first stepping stone of a campaign that lacks the signature its products require. $1 campaign_id
SELECT firmware_id, version FROM campaign_paths WHERE campaign_id = $1 AND lacks_signature(firmware_id) ORDER BY hop LIMIT 1
