-- Failures that were tried again by the policy while an outage could still have excused them: campaign,
-- device, attempt, what it was.
SELECT string_agg(format('%s %s %s %s', e.campaign_id, e.device_id, e.attempt, e.to_state), E'\n')
FROM events e
CROSS JOIN LATERAL (SELECT n.to_state, n.reason FROM events n
                    WHERE n.device_id = e.device_id AND n.campaign_id = e.campaign_id
                      AND n.event_id > e.event_id
                    ORDER BY n.event_id LIMIT 1) n
WHERE e.subject = 'target' AND e.to_state IN ('failed', 'reverted')
  AND n.to_state = 'pending' AND n.reason NOT IN ('outage', 'resumed')
  AND (SELECT count(*) FROM events o
       WHERE o.device_id = e.device_id AND o.campaign_id = e.campaign_id AND o.event_id < e.event_id
         AND o.to_state = 'pending' AND o.reason = 'outage') < 2
