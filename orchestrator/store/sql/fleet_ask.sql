-- After the database turned out to be another one: puts down the next $1 devices to be asked for a hello, once a second whoever calls; those that have
-- said hello since are not asked. Offers are held until every device in flight has been asked (ask_take.sql).
WITH turn AS MATERIALIZED (
    SELECT fleet_asked_to AS after, discontinued_at AS since FROM service
    WHERE fleet_asked_to IS NOT NULL AND (fleet_asked_at < clock_timestamp() - interval '1 second') IS NOT FALSE
    FOR UPDATE SKIP LOCKED),
page AS MATERIALIZED (
    SELECT p.device_id, (p.hello_at > t.since) IS TRUE AS has_said FROM turn t
    CROSS JOIN LATERAL (SELECT device_id, hello_at FROM presence WHERE device_id > t.after ORDER BY device_id LIMIT $1) p),
asked AS (
    INSERT INTO asks (device_id) SELECT device_id FROM page WHERE NOT has_said ORDER BY device_id ON CONFLICT (device_id) DO NOTHING),
gone_on AS (
    UPDATE service SET fleet_asked_to = (SELECT max(device_id) FROM page), fleet_asked_at = clock_timestamp() FROM turn)
SELECT FROM turn
