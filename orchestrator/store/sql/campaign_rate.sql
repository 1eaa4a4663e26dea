UPDATE campaigns SET rate_tokens = $2, rate_at = to_timestamp($3) WHERE campaign_id = $1
