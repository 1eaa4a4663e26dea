-- The next devices to be asked for a hello; those another orchestrator is at are left to it. A question is open until it is answered, or found to be
-- without an answer (presence_unanswered.sql).
WITH taken AS (
    SELECT device_id, times FROM asks WHERE due <= now() ORDER BY due, device_id LIMIT $1 FOR UPDATE SKIP LOCKED),
asked AS (
    DELETE FROM asks a USING taken t WHERE a.device_id = t.device_id AND t.times = 1),
again AS (
    UPDATE asks a SET times = 1, due = now() + interval '2 minutes' FROM taken t WHERE a.device_id = t.device_id AND t.times = 2),
locked AS MATERIALIZED (
    SELECT p.device_id FROM presence p JOIN taken USING (device_id) WHERE p.probed_at IS NULL ORDER BY p.device_id FOR UPDATE OF p SKIP LOCKED),
noted AS (
    UPDATE presence p SET probed_at = clock_timestamp() FROM locked l WHERE p.device_id = l.device_id)
SELECT device_id FROM taken
