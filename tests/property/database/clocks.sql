-- Soaks that were shorter than their policy says, by the time in which the campaign ran and was served; and attempts that were made again too soon.
-- Six seconds are granted: between a decision and its event the test may move the clock, by four seconds at most (calm.c).
WITH still AS (
    SELECT c.campaign_id, range_agg(s.span) AS spans
    FROM campaigns c
    CROSS JOIN LATERAL (
        SELECT tstzrange(began, ended) AS span FROM outages WHERE clock_stood_still
        UNION ALL
        SELECT tstzrange(e.at, coalesce((SELECT min(n.at) FROM events n WHERE n.campaign_id = e.campaign_id AND n.subject = 'campaign'
                                         AND n.to_state = 'running' AND n.at > e.at), 'infinity'))
        FROM events e WHERE e.campaign_id = c.campaign_id AND e.subject = 'campaign' AND e.from_state = 'running') s
    GROUP BY c.campaign_id),
waits AS (
    SELECT e.campaign_id, format('campaign %s, wave %s: the soak', e.campaign_id, e.wave) AS what, e.at AS began, n.at AS ended,
           (c.policy -> 'waves' -> e.wave ->> 'soak_seconds')::double precision AS seconds
    FROM events e
    JOIN campaigns c USING (campaign_id)
    CROSS JOIN LATERAL (SELECT * FROM events n WHERE n.campaign_id = e.campaign_id AND n.subject = 'wave' AND n.wave = e.wave AND n.event_id > e.event_id
                        ORDER BY n.event_id LIMIT 1) n
    WHERE e.subject = 'wave' AND e.to_state = 'soaking' AND n.to_state = 'passed'
    UNION ALL
    SELECT e.campaign_id, format('campaign %s, device %s: the wait before attempt %s', e.campaign_id, e.device_id, n.attempt), e.at, n.at,
           (c.policy -> 'retry' ->> 'backoff_seconds')::double precision
    FROM events e
    JOIN campaigns c USING (campaign_id)
    CROSS JOIN LATERAL (SELECT * FROM events n WHERE n.campaign_id = e.campaign_id AND n.subject = 'target' AND n.device_id = e.device_id
                        AND n.event_id > e.event_id ORDER BY n.event_id LIMIT 1) n
    WHERE e.subject = 'target' AND e.to_state = 'pending' AND e.from_state IN ('failed', 'reverted', 'silent') AND e.reason NOT IN ('outage', 'burnt', 'resumed')
      AND n.to_state = 'offered'),
served AS (
    SELECT w.*, (SELECT coalesce(sum(extract(epoch FROM upper(r) - lower(r))), 0)
                 FROM unnest(tstzmultirange(tstzrange(w.began, w.ended)) - coalesce(s.spans, '{}')) AS r) AS lasted
    FROM waits w LEFT JOIN still s USING (campaign_id))
SELECT format('%s took %s s of %s s: from %s to %s', what, round(lasted::numeric, 1), seconds, began, ended)
FROM served WHERE lasted < seconds - 6 LIMIT 1
