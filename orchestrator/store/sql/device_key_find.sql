-- Whose key it is. A master key is used by the device itself: its first use activates the device, each is a sign of life, none
-- makes it online. The device's row comes before its presence, as in ingest: the count makes the second update wait for the first.
-- $1 SHA-256 of the key
WITH found AS MATERIALIZED (
    SELECT device_id, kind FROM device_keys WHERE key_sha256 = $1 AND revoked_at IS NULL),
activated AS (
    UPDATE devices d SET activated_at = now() FROM found f
    WHERE d.device_id = f.device_id AND f.kind = 'master' AND d.activated_at IS NULL
    RETURNING d.device_id),
seen AS (
    UPDATE presence p SET last_seen = now() FROM found f
    WHERE p.device_id = f.device_id AND f.kind = 'master' AND (SELECT count(*) FROM activated) >= 0)
SELECT device_id, kind FROM found
