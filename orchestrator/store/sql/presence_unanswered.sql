-- Devices that were asked for a hello (presence_probe.sql, presence_awaited.sql, ask_take.sql). A device that has not answered in 15 seconds of
-- complete evidence is not online. A question from before a break with the broker may be lost: it is asked again, without a wait for evidence,
-- which a dead orchestrator may hold back. Devices are locked first, as
-- always; one that another transaction has locked has just reported. At most $1.
WITH clock AS MATERIALIZED (
    SELECT (SELECT least(min(watermark), clock_timestamp()) FROM orchestrators HAVING count(watermark) > 0) AS evidence, heard_since
    FROM service),
late AS MATERIALIZED (
    SELECT p.device_id
    FROM presence p CROSS JOIN clock c
    WHERE p.probed_at IS NOT NULL AND (p.probed_at < c.evidence - interval '15 seconds' OR p.probed_at <= c.heard_since)
    LIMIT $1),
locked AS MATERIALIZED (
    SELECT d.device_id FROM devices d JOIN late USING (device_id) ORDER BY d.device_id FOR NO KEY UPDATE OF d SKIP LOCKED)
UPDATE presence p
SET probed_at = NULL,
    -- A device that has reported something since is there, though its hello is lost.
    (online, awaits_hello, changed_at) = (
        SELECT p.online AND is_there, p.awaits_hello AND is_there, CASE WHEN p.online AND NOT is_there THEN clock_timestamp() ELSE p.changed_at END
        FROM (SELECT (p.probed_at <= c.heard_since OR p.last_seen > p.probed_at) IS TRUE AS is_there) i)
FROM locked l, clock c
-- By the key: the few that are locked, not all that are asked.
WHERE p.device_id = l.device_id AND (p.probed_at < c.evidence - interval '15 seconds' OR p.probed_at <= c.heard_since)
