UPDATE campaigns SET state_reason = $2 WHERE campaign_id = $1 AND state_reason <> $2
