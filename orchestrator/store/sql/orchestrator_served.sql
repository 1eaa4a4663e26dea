-- Database and broker have answered an orchestrator ($1) at $2 (microseconds); the last time that they did was $3 seconds earlier, as its process
-- measured (NULL: never). $4: its connections with the broker broke in between. $5: the part that was away,
-- should this be an outage; $6: how many seconds without any orchestrator are one.
-- Answers the seconds of the outage that it recorded; 0: none. No row: the database is another one than before, and not taken yet
-- (continuity_restore.sql), which must find when the last service in it was.
-- Locks the orchestrator's row first, as orchestrator_leave.sql does.
WITH mine AS MATERIALIZED (SELECT watermark FROM orchestrators WHERE orchestrator_id = $1 FOR NO KEY UPDATE),
given AS MATERIALIZED (
    SELECT timestamptz 'epoch' + $2::bigint * interval '1 microsecond' AS at, m.watermark
    FROM (SELECT max(watermark) AS watermark FROM mine) m),
before AS MATERIALIZED (
    SELECT s.served_until, s.away, s.outage_ended, g.at, g.watermark, extract(epoch FROM g.at - s.served_until)::double precision AS unserved
    FROM service s CROSS JOIN given g WHERE coalesce(s.identity = database_identity(), true) FOR NO KEY UPDATE OF s),
hole AS MATERIALIZED (
    SELECT b.*, greatest(0, least($3::double precision, b.unserved)) AS unanswered,
           -- The database's clock has moved by more than went by here: it was set, and that time did not pass for anybody.
           CASE WHEN b.unserved - $3::double precision >= $6::double precision THEN b.unserved - $3::double precision END AS stepped,
           -- Where the connections broke nobody knows since when: from the watermark on reports may be lost.
           CASE WHEN $4::boolean THEN extract(epoch FROM b.at - greatest(b.watermark, b.outage_ended))::double precision END AS unheard,
           -- Another one's connection did not break, and has been answered since.
           EXISTS (SELECT FROM orchestrators o
                   WHERE o.orchestrator_id <> $1 AND o.connected_since <= b.at - make_interval(secs => coalesce($3::double precision, b.unserved))
                     AND o.beat_at >= b.at - make_interval(secs => $6::double precision)) AS covered
    FROM before b),
judged AS MATERIALIZED (
    SELECT h.*, greatest(h.unanswered + coalesce(h.stepped, 0), h.unheard) AS seconds,
           h.served_until IS NOT NULL AND (h.unanswered >= $6::double precision OR h.stepped IS NOT NULL OR $4::boolean AND NOT h.covered) AS is_outage,
           h.served_until IS NOT NULL AND $4::boolean AS is_gap
    FROM hole h),
recorded AS (
    INSERT INTO outages (part, clock_stood_still, began, ended, service_at, orchestrator_id)
    SELECT CASE WHEN stepped IS NOT NULL THEN 'database' ELSE $5 END, is_outage, at - make_interval(secs => seconds), at, at - make_interval(secs => seconds + away), $1
    FROM judged WHERE is_outage OR is_gap),
shared AS (
    UPDATE service s
    SET served_until = greatest(s.served_until, j.at),
        away = s.away + CASE WHEN j.is_outage THEN j.seconds ELSE 0 END,
        outage_ended = CASE WHEN j.is_outage THEN j.at ELSE s.outage_ended END,
        heard_since = CASE WHEN j.is_outage OR j.is_gap THEN j.at ELSE s.heard_since END,
        census_wanted = CASE WHEN j.is_outage OR j.is_gap OR j.served_until IS NULL THEN j.at ELSE s.census_wanted END
    FROM judged j),
own AS (
    UPDATE orchestrators o
    SET beat_at = g.at, connected_since = CASE WHEN $4 OR o.connected_since IS NULL THEN g.at ELSE o.connected_since END
    FROM judged g
    WHERE o.orchestrator_id = $1)
SELECT CASE WHEN is_outage THEN seconds ELSE 0 END FROM judged
