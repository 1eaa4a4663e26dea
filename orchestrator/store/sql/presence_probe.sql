-- Notes that these devices are asked for a hello before an offer. Skips a device that another transaction has locked: it has just reported.
-- Answers the devices.
-- One that looks like two is asked once an hour.
WITH locked AS MATERIALIZED (
    SELECT device_id FROM presence WHERE device_id = ANY ($1::text[]) AND probed_at IS NULL AND NOT asked_enough(device_id)
    ORDER BY device_id FOR UPDATE SKIP LOCKED),
written AS (
    UPDATE device_images i SET asked_at = now() FROM locked l WHERE i.device_id = l.device_id)
UPDATE presence p SET probed_at = clock_timestamp() FROM locked l WHERE p.device_id = l.device_id
RETURNING p.device_id
