-- The next devices to be asked for a hello; those another orchestrator is at are left to it. The array is made once: as a subquery it may be
-- made again for every row.
DELETE FROM asks
WHERE ctid = ANY (ARRAY(SELECT ctid FROM asks ORDER BY device_id LIMIT $1 FOR UPDATE SKIP LOCKED))
RETURNING device_id
