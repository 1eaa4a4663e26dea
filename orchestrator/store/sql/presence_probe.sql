-- Notes that these devices are asked for a hello before an offer. Skips a device that another transaction has locked: it has just reported.
-- Answers the devices.
WITH locked AS MATERIALIZED (
    SELECT device_id FROM presence WHERE device_id = ANY ($1::text[]) AND probed_at IS NULL ORDER BY device_id FOR UPDATE SKIP LOCKED)
UPDATE presence p SET probed_at = clock_timestamp() FROM locked l WHERE p.device_id = l.device_id
RETURNING p.device_id
