-- number, expected state, new state, reason. The campaign's clock stands still while it does not run.
UPDATE campaigns
SET stood_still = stood_still + CASE WHEN $3 = 'running' AND stands_since IS NOT NULL
                                     THEN greatest(0, extract(epoch FROM service_clock() - stands_since)) ELSE 0 END,
    stands_since = CASE WHEN $3 = 'running' THEN NULL WHEN state = 'running' THEN service_clock() ELSE stands_since END,
    state = $3, state_reason = $4, state_at = now(),
    started_at = CASE WHEN $3 = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
    ended_at = CASE WHEN $3 IN ('completed', 'cancelled', 'rolled_back') THEN now() END,
    downloads_stopped = downloads_stopped AND $3 <> 'running',
    settled = false
WHERE campaign_id = $1 AND state = $2
