INSERT INTO approvals (campaign_id, point, approver, reason) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
