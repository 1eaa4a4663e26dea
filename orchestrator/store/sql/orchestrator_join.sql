-- Takes reports from now on: id, client ids, lease in seconds, how many seconds without any orchestrator are an outage, and of which part. Whatever the broker gives it
-- comes after this moment. The interval since the last service is recorded first: no deadline in it is judged before, nor after without asking.
WITH mine AS MATERIALIZED (SELECT FROM orchestrators WHERE orchestrator_id = $1 FOR NO KEY UPDATE),
before AS MATERIALIZED (
    SELECT s.served_until, s.away, clock_timestamp() AS at FROM service s CROSS JOIN (SELECT count(*) FROM mine) m FOR NO KEY UPDATE OF s),
judged AS MATERIALIZED (
    SELECT b.*, b.at - b.served_until > make_interval(secs => $4) AS is_outage FROM before b WHERE b.served_until <= b.at),
recorded AS (
    INSERT INTO outages (part, clock_stood_still, began, ended, service_at, orchestrator_id)
    SELECT $5, is_outage, served_until, at, served_until - make_interval(secs => away), $1 FROM judged WHERE is_outage),
shared AS (
    UPDATE service s
    SET served_until = j.at, away = s.away + CASE WHEN j.is_outage THEN extract(epoch FROM j.at - j.served_until) ELSE 0 END,
        outage_ended = CASE WHEN j.is_outage THEN j.at ELSE s.outage_ended END, heard_since = j.at, census_wanted = j.at
    FROM judged j WHERE j.is_outage)
INSERT INTO orchestrators AS o (orchestrator_id, client_ids, lease_until, watermark)
SELECT $1, $2::text[], at + make_interval(secs => $3), at FROM before
ON CONFLICT (orchestrator_id) DO UPDATE
SET client_ids = excluded.client_ids, lease_until = excluded.lease_until, watermark = excluded.watermark, connected_since = NULL,
    beat_at = NULL
RETURNING coalesce((SELECT extract(epoch FROM at - served_until) FROM judged WHERE is_outage), 0)
