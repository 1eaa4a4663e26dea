-- Outcomes that an outage explains: campaign, seconds for which an attempt may last. A download that failed while the image server or its database was away, a
-- trial that found no connection while the broker was: the attempt is made again, at most twice in a hop. (An orchestrator that is away knows
-- nothing of the broker meanwhile; and of several that were away each knows only what was in its own way.) Who was quarantined is included. In the order in which ingest locks them. An attempt that was offered again since
-- the database turned out to be another one, and was answered with its result at once, was made before that. And who was in flight then, and has not been
-- heard of since, may have said long ago how it ended: its silence counts for nothing.
WITH recent AS MATERIALIZED (
    SELECT part, clock_stood_still, began, ended FROM outages
    WHERE (clock_stood_still OR part = 'orchestrator') AND ended > now() - make_interval(secs => $2)),
-- In these none knew that the broker was there.
mute AS MATERIALIZED (
    SELECT began, ended FROM recent r
    WHERE clock_stood_still
      AND EXISTS (SELECT FROM outages o WHERE o.part IN ('orchestrator', 'broker') AND o.began <= r.ended AND o.ended >= r.began)),
restored AS MATERIALIZED (
    SELECT discontinued_at AS at, served_before FROM service WHERE discontinued_at > now() - make_interval(secs => $2))
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, b1.size, i2.sha256, b2.size
FROM targets t
LEFT JOIN images i1 ON i1.firmware_id = t.firmware_id AND i1.slot = 1
LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
LEFT JOIN images i2 ON i2.firmware_id = t.firmware_id AND i2.slot = 2
LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
LEFT JOIN restored r ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN count(*) FILTER (WHERE e.to_state = 'offered') = count(*) FILTER (WHERE e.to_state <> 'pending') - 1
                THEN least(min(e.at), r.served_before) ELSE min(e.at) END AS began
    FROM events e
    WHERE e.device_id = t.device_id AND e.campaign_id = $1 AND e.attempt = t.attempt AND e.subject = 'target') a
WHERE (EXISTS (SELECT FROM recent) OR EXISTS (SELECT FROM restored)) AND t.campaign_id = $1 AND t.ended_badly AND t.outage_attempts < 2
  AND (t.explainable OR t.state = 'silent' AND EXISTS (SELECT FROM restored)) AND EXISTS (SELECT FROM devices d WHERE d.device_id = t.device_id)
  AND CASE WHEN t.explainable
           -- One of several orchestrators that is gone served images; the broker was there.
           THEN CASE t.state
                WHEN 'failed' THEN EXISTS (SELECT FROM recent WHERE part IN ('orchestrator', 'database') AND began <= t.state_at AND ended >= a.began)
                ELSE EXISTS (SELECT FROM mute WHERE began <= t.state_at AND ended >= a.began) END
           ELSE a.began <= r.at AND t.state_at > r.at
                AND (SELECT p.hello_at > r.at FROM presence p WHERE p.device_id = t.device_id) IS NOT TRUE END
ORDER BY t.campaign_id, t.device_id
FOR UPDATE OF t
