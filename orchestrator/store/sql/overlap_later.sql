-- campaign, seconds
UPDATE campaigns SET overlap_at = clock_timestamp() + make_interval(secs => $2) WHERE campaign_id = $1
