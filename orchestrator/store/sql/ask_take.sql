-- The next devices to be asked for a hello; those another orchestrator is at, or whose presence is being stored, are left for the next time. A question
-- is open until it is answered, or found to be without an answer (presence_unanswered.sql): it is noted together with the end of the wish, or
-- a deadline would be judged in between. One from before a break with the broker may be lost, and this one counts.
-- What looks like two devices (ops.duplicate_devices), and was asked within the hour, is not asked again.
WITH due AS MATERIALIZED (
    SELECT a.device_id, a.times FROM asks a JOIN presence p USING (device_id)
    WHERE a.due <= now() ORDER BY a.due, a.device_id LIMIT $1 FOR UPDATE OF a, p SKIP LOCKED),
judged AS MATERIALIZED (SELECT device_id, times, asked_enough(device_id) AS is_quiet FROM due),
taken AS MATERIALIZED (SELECT device_id, times FROM judged WHERE NOT is_quiet),
asked AS (
    DELETE FROM asks a USING judged t WHERE a.device_id = t.device_id AND (t.times = 1 OR t.is_quiet)),
written AS (
    UPDATE device_images i SET asked_at = now() FROM taken t WHERE i.device_id = t.device_id),
again AS (
    UPDATE asks a SET times = 1, due = now() + interval '2 minutes' FROM taken t WHERE a.device_id = t.device_id AND t.times = 2),
noted AS (
    UPDATE presence p SET probed_at = clock_timestamp() FROM taken t
    WHERE p.device_id = t.device_id AND (p.probed_at <= (SELECT heard_since FROM service)) IS NOT FALSE)
SELECT device_id FROM taken
