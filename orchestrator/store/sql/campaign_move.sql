-- number, expected state, new state, reason
UPDATE campaigns
SET state = $3, state_reason = $4, state_at = now(),
    started_at = CASE WHEN $3 = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
    ended_at = CASE WHEN $3 IN ('completed', 'cancelled', 'rolled_back') THEN now() END,
    settled = false
WHERE campaign_id = $1 AND state = $2
