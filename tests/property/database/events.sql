-- The event log of all targets in the order of its numbers, with the cap of their campaigns: a line each. A device's moves have
-- theirs in the order of the moves, since each is made under the lock of its row. An offer has a higher one than all that its
-- ticker counted as ended; so in this order there are never more in flight than the ticker saw. What an earlier attempt came to
-- moves nothing, and is left out.
SELECT string_agg(format('%s %s %s %s %s %s %s', e.event_id, e.campaign_id, c.policy ->> 'in_flight', e.device_id,
                         e.attempt, e.from_state, e.to_state), E'\n' ORDER BY e.event_id)
FROM (SELECT *, max(attempt) OVER (PARTITION BY campaign_id, device_id ORDER BY event_id) AS newest FROM events WHERE subject = 'target') e
JOIN campaigns c USING (campaign_id)
WHERE e.attempt = e.newest
