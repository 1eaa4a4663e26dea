UPDATE campaigns SET rate_tokens = $2, rate_at = to_timestamp($3), rate_now = $4 WHERE campaign_id = $1
