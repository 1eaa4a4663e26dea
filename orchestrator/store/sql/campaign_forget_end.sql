UPDATE campaigns SET end_at = NULL WHERE campaign_id = $1
