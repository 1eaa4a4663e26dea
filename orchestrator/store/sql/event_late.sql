-- Outcomes of attempts that have been followed by another: campaigns, waves, devices, attempts, states, reasons. Each is noted once, as the attempt's last event;
-- it moves nothing. An attempt that this database never made has none.
INSERT INTO events (subject, campaign_id, wave, device_id, attempt, from_state, to_state, reason)
SELECT DISTINCT 'target', u.campaign_id, u.wave, u.device_id, u.attempt, e.to_state, u.state, u.reason
FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::smallint[], $5::text[], $6::text[]) AS u(campaign_id, wave, device_id, attempt, state, reason)
CROSS JOIN LATERAL (SELECT e.to_state FROM events e
                    WHERE e.device_id = u.device_id AND e.campaign_id = u.campaign_id AND e.attempt = u.attempt
                    ORDER BY e.at DESC, e.event_id DESC LIMIT 1) e
WHERE NOT EXISTS (SELECT FROM events o WHERE o.device_id = u.device_id AND o.campaign_id = u.campaign_id AND o.attempt = u.attempt AND o.to_state = u.state)
