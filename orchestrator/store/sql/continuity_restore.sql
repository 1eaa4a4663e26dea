-- Takes this database for the one that is served from now on, where it is another one than before; once its schema is whole, or a restore is still
-- at work. $1: how many seconds without any orchestrator are an outage. What lies between was not served: the service clock stands still, the devices
-- in flight are asked and then the whole fleet, and offers wait. Answers whether there was something before.
WITH before AS MATERIALIZED (
    SELECT s.*, clock_timestamp() AS at FROM service s
    WHERE s.identity IS DISTINCT FROM database_identity() AND schema_foreign_keys() >= coalesce(s.foreign_keys, 0)
    FOR UPDATE),
lost AS MATERIALIZED (
    SELECT at, away, least(coalesce(served_until, at), at) AS began,
           coalesce(at - served_until >= make_interval(secs => $1), false) AS is_outage
    FROM before WHERE identity IS NOT NULL OR (SELECT device_id FROM devices ORDER BY device_id LIMIT 1) IS NOT NULL),
recorded AS (
    INSERT INTO outages (part, clock_stood_still, began, ended, service_at, orchestrator_id)
    SELECT 'database', is_outage, began, at, began - make_interval(secs => away), '' FROM lost),
noted AS (
    UPDATE service s
    SET identity = database_identity(), foreign_keys = schema_foreign_keys(),
        served_until = CASE WHEN l.is_outage THEN l.at ELSE s.served_until END,
        away = s.away + CASE WHEN l.is_outage THEN extract(epoch FROM l.at - l.began) ELSE 0 END,
        outage_ended = CASE WHEN l.is_outage THEN l.at ELSE s.outage_ended END,
        heard_since = coalesce(l.at, s.heard_since), census_wanted = coalesce(l.at, s.census_wanted),
        discontinued_at = coalesce(l.at, s.discontinued_at), served_before = coalesce(l.began, s.served_before), offers_held = l.at IS NOT NULL OR s.offers_held,
        fleet_asked_to = CASE WHEN l.at IS NOT NULL THEN '' ELSE s.fleet_asked_to END,
        fleet_asked_at = CASE WHEN l.at IS NULL THEN s.fleet_asked_at END
    FROM before b LEFT JOIN lost l ON true)
SELECT EXISTS (SELECT FROM lost) FROM before
