-- The next devices to be asked for a hello; those another orchestrator is at are left to it.
WITH taken AS (
    SELECT device_id, times FROM asks WHERE due <= now() ORDER BY due, device_id LIMIT $1 FOR UPDATE SKIP LOCKED),
asked AS (
    DELETE FROM asks a USING taken t WHERE a.device_id = t.device_id AND t.times = 1),
again AS (
    UPDATE asks a SET times = 1, due = now() + interval '2 minutes' FROM taken t WHERE a.device_id = t.device_id AND t.times = 2)
SELECT device_id FROM taken
