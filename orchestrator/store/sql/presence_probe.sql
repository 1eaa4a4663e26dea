-- Devices that are to be asked before they are offered anything; whoever is at one of them has heard of it. Answers who.
WITH locked AS MATERIALIZED (
    SELECT device_id FROM presence WHERE device_id = ANY ($1::text[]) AND probed_at IS NULL ORDER BY device_id FOR UPDATE SKIP LOCKED)
UPDATE presence p SET probed_at = clock_timestamp() FROM locked l WHERE p.device_id = l.device_id
RETURNING p.device_id
