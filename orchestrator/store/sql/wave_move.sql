-- campaign, wave, state, verdict, excused, soak_until (NULL when not soaking)
UPDATE waves
SET state = $3, verdict = $4, excused = $5, soak_until = to_timestamp($6),
    opened_at = CASE WHEN $3 = 'open' THEN coalesce(opened_at, now()) ELSE opened_at END,
    ended_at = CASE WHEN $3 IN ('passed', 'failed') THEN now() END
WHERE campaign_id = $1 AND wave = $2
