-- Targets that are not what the event log says last of them; the first, or nothing.
SELECT format('campaign %s, device %s is %s in attempt %s, but the event log ends with %s in attempt %s', t.campaign_id, t.device_id,
              t.state, t.attempt, coalesce(e.to_state, 'pending'), coalesce(e.attempt, 0))
FROM targets t
LEFT JOIN LATERAL (SELECT to_state, attempt FROM events e
                   WHERE e.campaign_id = t.campaign_id AND e.device_id = t.device_id
                   ORDER BY attempt DESC, event_id DESC LIMIT 1) e ON true
WHERE (t.state, t.attempt) <> (coalesce(e.to_state, 'pending'), coalesce(e.attempt, 0))
LIMIT 1
