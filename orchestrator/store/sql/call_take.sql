-- The next calls to be sent; those another orchestrator is at are left to it. Each is sent once: a device must not reboot twice.
UPDATE device_calls SET sent_at = now()
WHERE ctid = ANY (ARRAY(SELECT ctid FROM device_calls WHERE sent_at IS NULL AND deadline > now()
                        ORDER BY call_id LIMIT $1 FOR UPDATE SKIP LOCKED))
RETURNING device_id, nonce
