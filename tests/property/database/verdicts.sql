-- What was said against devices in the event log, a line each; the time in milliseconds since 1970.
SELECT string_agg(format('%s %s %s %s %s %s %s %s', event_id, campaign_id, wave, device_id, attempt,
                         to_state, coalesce(nullif(reason, ''), '-'),
                         (extract(epoch FROM at) * 1000)::bigint), E'\n' ORDER BY event_id)
FROM events
WHERE subject = 'target' AND to_state IN ('silent', 'failed', 'reverted', 'rejected', 'skipped')
