-- Calls of yesterday and before, which nobody waits for.
DELETE FROM device_calls WHERE created_at < now() - interval '1 day'
