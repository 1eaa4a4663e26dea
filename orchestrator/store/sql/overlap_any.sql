SELECT EXISTS (SELECT FROM targets WHERE campaign_id = $1 AND queued)
