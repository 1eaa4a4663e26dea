-- Campaigns that the failures of a wave have halted, each time: the number of the event, the campaign,
-- the wave. A wave whose members have ended before there were enough outcomes halts without failures.
SELECT string_agg(format('%s %s %s', h.event_id, h.campaign_id, w.wave), E'\n' ORDER BY h.event_id)
FROM events h
CROSS JOIN LATERAL (SELECT w.wave, w.reason FROM events w
                    WHERE w.subject = 'wave' AND w.campaign_id = h.campaign_id AND w.event_id < h.event_id
                    ORDER BY w.event_id DESC LIMIT 1) w
WHERE h.subject = 'campaign' AND h.to_state = 'halted' AND w.reason NOT LIKE '% are needed'
