-- Takes no more reports: id; $2: it stays, to come back. What it had not stored may be lost. Its row is read
-- before it is changed: a locking read skips a row that its own statement has changed.
WITH gone AS MATERIALIZED (
    SELECT watermark FROM orchestrators WHERE orchestrator_id = $1 AND watermark IS NOT NULL FOR UPDATE),
gap AS (
    INSERT INTO outages (part, clock_stood_still, began, ended, service_at, orchestrator_id)
    SELECT 'orchestrator', false, least(g.watermark, clock_timestamp()), clock_timestamp(),
           least(g.watermark, clock_timestamp()) - make_interval(secs => s.away), $1
    FROM gone g CROSS JOIN service s),
noted AS (
    UPDATE service SET heard_since = clock_timestamp(), census_wanted = clock_timestamp() WHERE EXISTS (SELECT FROM gone)),
kept AS (
    UPDATE orchestrators SET watermark = NULL, connected_since = NULL
    WHERE orchestrator_id = $1 AND $2 AND (SELECT count(*) FROM gone) >= 0)
DELETE FROM orchestrators WHERE orchestrator_id = $1 AND NOT $2 AND (SELECT count(*) FROM gone) >= 0
