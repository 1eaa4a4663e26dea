-- Takes reports from now on: id, client ids, lease in seconds. Whatever the broker gives it comes after this moment.
INSERT INTO orchestrators AS o (orchestrator_id, client_ids, lease_until, watermark)
SELECT $1, $2::text[], clock_timestamp() + make_interval(secs => $3), clock_timestamp()
ON CONFLICT (orchestrator_id) DO UPDATE
SET client_ids = excluded.client_ids, lease_until = excluded.lease_until, watermark = excluded.watermark, connected_since = NULL,
    beat_at = NULL
