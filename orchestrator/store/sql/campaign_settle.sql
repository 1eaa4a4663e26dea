UPDATE campaigns SET settled = true WHERE campaign_id = $1
