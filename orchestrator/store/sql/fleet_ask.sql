-- After the database turned out to be another one: puts down the next $1 devices to be asked for a hello, once a second whoever calls; those that have
-- said hello since are not asked. Offers are held until every device in flight has been asked (ask_take.sql). The service's row, which every beat needs, is
-- locked last: an ask that another transaction has put down is waited for. Of two that are at one page the second goes on with nothing.
WITH turn AS MATERIALIZED (
    SELECT fleet_asked_to AS after, discontinued_at AS since FROM service
    WHERE fleet_asked_to IS NOT NULL AND (fleet_asked_at < clock_timestamp() - interval '1 second') IS NOT FALSE),
page AS MATERIALIZED (
    SELECT p.device_id, (p.hello_at > t.since) IS TRUE AS has_said FROM turn t
    CROSS JOIN LATERAL (SELECT device_id, hello_at FROM presence WHERE device_id > t.after ORDER BY device_id LIMIT $1) p),
asked AS (
    INSERT INTO asks (device_id) SELECT device_id FROM page WHERE NOT has_said ORDER BY device_id ON CONFLICT (device_id) DO NOTHING
    RETURNING device_id),
done AS MATERIALIZED (
    SELECT t.after, t.since, (SELECT CASE WHEN count(*) = $1 THEN max(device_id) END FROM page) AS up_to FROM turn t WHERE (SELECT count(*) FROM asked) >= 0)
UPDATE service s SET fleet_asked_to = d.up_to, fleet_asked_at = clock_timestamp()
FROM done d WHERE s.fleet_asked_to = d.after AND s.discontinued_at = d.since
