-- Targets that have failed for good, of campaigns that take outcomes back which an outage explains:
-- campaign, its state, device, state, attempt, attempts that outages have cost.
SELECT string_agg(format('%s %s %s %s %s %s', t.campaign_id, c.state, t.device_id, t.state, t.attempt,
                         t.outage_attempts), E'\n')
FROM targets t JOIN campaigns c USING (campaign_id)
WHERE t.state IN ('failed', 'reverted') AND c.state IN ('running', 'paused', 'completed')
