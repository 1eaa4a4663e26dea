-- The next devices to be asked for a hello; those another orchestrator is at, or whose presence is being stored, are left for the next time. A question
-- is open until it is answered, or found to be without an answer (presence_unanswered.sql): it is noted together with the end of the wish, or
-- a deadline would be judged in between.
WITH taken AS MATERIALIZED (
    SELECT a.device_id, a.times FROM asks a JOIN presence p USING (device_id)
    WHERE a.due <= now() ORDER BY a.due, a.device_id LIMIT $1 FOR UPDATE OF a, p SKIP LOCKED),
asked AS (
    DELETE FROM asks a USING taken t WHERE a.device_id = t.device_id AND t.times = 1),
again AS (
    UPDATE asks a SET times = 1, due = now() + interval '2 minutes' FROM taken t WHERE a.device_id = t.device_id AND t.times = 2),
noted AS (
    UPDATE presence p SET probed_at = clock_timestamp() FROM taken t WHERE p.device_id = t.device_id AND p.probed_at IS NULL)
SELECT device_id FROM taken
