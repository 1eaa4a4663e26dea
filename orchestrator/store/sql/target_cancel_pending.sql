-- Everything written and not yet offered (pending, by the indexes that hold it): rows, events and counters in one statement. campaign, reason
WITH moved AS (
    UPDATE targets SET state = 'cancelled', queued = false, reason = $2, state_at = now()
    WHERE campaign_id = $1 AND (waiting OR queued)
    RETURNING wave, device_id, attempt),
logged AS (
    INSERT INTO events (subject, campaign_id, wave, device_id, attempt, from_state, to_state, reason)
    SELECT 'target', $1, wave, device_id, attempt, 'pending', 'cancelled', $2 FROM moved)
UPDATE waves w SET pending = w.pending - m.moved, cancelled = w.cancelled + m.moved
FROM (SELECT wave, count(*) AS moved FROM moved GROUP BY wave) m
WHERE w.campaign_id = $1 AND w.wave = m.wave
