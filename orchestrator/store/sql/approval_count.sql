SELECT count(*) FROM approvals WHERE campaign_id = $1 AND point = $2
