-- The next devices to be asked for a hello; those another orchestrator is at are left to it. Picked once, whatever the plan: as a
-- subquery of the DELETE they may be looked for again for every row, which takes minutes after a large import.
WITH picked AS MATERIALIZED (SELECT device_id FROM asks ORDER BY device_id LIMIT $1 FOR UPDATE SKIP LOCKED)
DELETE FROM asks a USING picked p WHERE a.device_id = p.device_id
RETURNING a.device_id
