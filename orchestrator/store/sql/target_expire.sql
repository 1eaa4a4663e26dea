-- In flight, past the deadline, and nothing that the device may have said is missing: campaign, limit, then the seconds of the policy to an
-- answer, for the download, and for the confirmation. Evidence is complete up to the least of the watermarks, so that is the time by which
-- deadlines are judged, and not now(). Deadlines are of the service clock. After an outage the clock goes on for a target at its device's
-- first hello, or after 90 seconds, three outages at most. Where reports may be lost the device is asked first, and its answer waited for. The last
-- columns: whether the device is online, and whether its download was stopped.
WITH clock AS MATERIALIZED (
    SELECT c.evidence, c.evidence - make_interval(secs => s.away) AS judged, s.outage_ended
    FROM service s
    CROSS JOIN (SELECT least(min(watermark), clock_timestamp()) AS evidence FROM orchestrators HAVING count(watermark) > 0) c),
lost AS MATERIALIZED (SELECT FROM outages WHERE asked_at IS NULL LIMIT 1)
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, b1.size, i2.sha256, b2.size, p.online, t.download_stopped
FROM clock c
JOIN targets t ON t.campaign_id = $1 AND t.in_flight AND t.deadline < c.judged
LEFT JOIN presence p ON p.device_id = t.device_id
LEFT JOIN images i1 ON i1.firmware_id = t.firmware_id AND i1.slot = 1
LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
LEFT JOIN images i2 ON i2.firmware_id = t.firmware_id AND i2.slot = 2
LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
WHERE -- Reports may be lost, and the device has not been asked, or its answer may be on its way. For two minutes at most.
      (t.deadline < c.judged - interval '2 minutes'
       OR NOT EXISTS (SELECT FROM lost) AND p.probed_at IS NULL
          AND NOT EXISTS (SELECT FROM asks a WHERE a.device_id = t.device_id AND a.due <= clock_timestamp()))
  -- What the clock of this target has stood still beyond the outages of its time: until the hello, which of earlier ones is not known any more.
  AND t.deadline + make_interval(secs => least(270, coalesce((
      SELECT sum(greatest(0, least(90, extract(epoch FROM
                 CASE WHEN o.ended < c.outage_ended
                      THEN (SELECT min(n.began) FROM outages n WHERE n.clock_stood_still AND n.began >= o.ended)
                      WHEN p.resumed_at > o.ended THEN p.resumed_at
                      ELSE c.evidence END - o.ended))))
      FROM outages o
      WHERE o.clock_stood_still
        -- A step between the last beat and the break, for as long as the clock went on (service_clock()), is of the time before it; and before the
        -- outages that follow it at once.
        AND o.service_at + interval '3 seconds'
            >= t.deadline - make_interval(secs => CASE WHEN t.withdrawn THEN $4::bigint + $5::bigint
                                                       WHEN t.state = 'offered' THEN $3::bigint
                                                       WHEN t.state IN ('accepted', 'downloading') THEN $4::bigint
                                                       ELSE $5::bigint END)), 0))) < c.judged
ORDER BY t.deadline LIMIT $2
FOR UPDATE OF t SKIP LOCKED
