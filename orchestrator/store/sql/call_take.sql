-- The next calls to be sent; those another orchestrator is at are left to it. Each is sent once: a device must not reboot twice.
WITH picked AS MATERIALIZED (
    SELECT call_id FROM device_calls WHERE sent_at IS NULL AND deadline > now()
    ORDER BY call_id LIMIT $1 FOR UPDATE SKIP LOCKED)
UPDATE device_calls c SET sent_at = now()
FROM picked p WHERE c.call_id = p.call_id
RETURNING c.device_id, c.nonce
