-- The next devices to be asked for a hello; those another orchestrator is at are left to it.
DELETE FROM asks
WHERE device_id IN (SELECT device_id FROM asks ORDER BY device_id LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING device_id
