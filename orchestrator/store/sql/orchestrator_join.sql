-- Takes reports from now on: id, client ids, lease in seconds, how many seconds without any orchestrator are an
-- outage, and of which part. Whatever the broker gives it comes after this moment. Answers the seconds of the outage.
-- The interval since the last service is recorded first: no deadline in it is judged before that, or without asking. No row: the database is
-- another one than before, and not taken yet.
WITH mine AS MATERIALIZED (SELECT FROM orchestrators WHERE orchestrator_id = $1 FOR NO KEY UPDATE),
before AS MATERIALIZED (
    SELECT s.served_until, s.away, clock_timestamp() AS at FROM service s CROSS JOIN (SELECT count(*) FROM mine) m
    WHERE coalesce(s.identity = database_identity(), true) FOR NO KEY UPDATE OF s),
outage AS MATERIALIZED (SELECT * FROM before WHERE at - served_until > make_interval(secs => $4)),
recorded AS (
    INSERT INTO outages (part, clock_stood_still, began, ended, service_at, orchestrator_id)
    SELECT $5, true, served_until, at, served_until - make_interval(secs => away), $1 FROM outage),
shared AS (
    UPDATE service s
    SET served_until = o.at, away = s.away + extract(epoch FROM o.at - o.served_until), outage_ended = o.at, heard_since = o.at,
        census_wanted = o.at
    FROM outage o)
INSERT INTO orchestrators AS o (orchestrator_id, client_ids, lease_until, watermark)
SELECT $1, $2::text[], at + make_interval(secs => $3), at FROM before
ON CONFLICT (orchestrator_id) DO UPDATE
SET client_ids = excluded.client_ids, lease_until = excluded.lease_until, watermark = excluded.watermark, connected_since = NULL,
    beat_at = NULL
RETURNING coalesce((SELECT extract(epoch FROM at - served_until) FROM outage), 0)
