-- The next devices to be asked for a hello; those another orchestrator is at are left to it. By ctid, which needs no statistics: a plan
-- made when the table was empty looked through all of it for every row after a large import, and the ticker stood still.
DELETE FROM asks
WHERE ctid = ANY (ARRAY(SELECT ctid FROM asks ORDER BY device_id LIMIT $1 FOR UPDATE SKIP LOCKED))
RETURNING device_id
