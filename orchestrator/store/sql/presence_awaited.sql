-- Devices that have said that they are online, $1 seconds ago or earlier, and whose hello has not come: it may be lost. Notes that they are asked for it;
-- answers who. At most $2. One that looks like two is asked once an hour.
WITH awaited AS MATERIALIZED (
    SELECT device_id FROM presence
    WHERE online AND awaits_hello AND probed_at IS NULL AND changed_at < clock_timestamp() - make_interval(secs => $1)
      AND NOT asked_enough(device_id)
    LIMIT $2),
locked AS MATERIALIZED (
    SELECT p.device_id FROM presence p JOIN awaited USING (device_id) ORDER BY p.device_id FOR UPDATE OF p SKIP LOCKED),
written AS (
    UPDATE device_images i SET asked_at = now() FROM locked l WHERE i.device_id = l.device_id)
UPDATE presence p SET probed_at = clock_timestamp() FROM locked l WHERE p.device_id = l.device_id
RETURNING p.device_id
