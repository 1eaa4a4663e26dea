-- Waiting in an opened wave, and offline for so many seconds in which it could have been offered something (offer_times), or quarantined (the last
-- column but one), which does not keep it from going back. The last column: whether it waits to be tried again, since an attempt has ended badly. Who may be is found among those that wait in these waves or, where these are very many, among all devices that
-- are offline: either may be a million while the other is nobody. OFFSET 0 keeps each of the two ways as it is written.
WITH newest AS MATERIALIZED (
    SELECT z.time_zone, o.open - $2::double precision AS open
    FROM (SELECT '' AS time_zone UNION SELECT time_zone FROM campaign_zones WHERE campaign_id = $1) z
    CROSS JOIN LATERAL (SELECT open_before + extract(epoch FROM ended - began) AS open FROM offer_times
                        WHERE campaign_id = $1 AND time_zone = z.time_zone ORDER BY began DESC LIMIT 1) o),
-- Since when a member in the zone must be offline, by the wall's clock, and must have been due by the campaign's.
since AS MATERIALIZED (
    SELECT n.time_zone, o.began + make_interval(secs => n.open - o.open_before) AS at, o.clock_began + make_interval(secs => n.open - o.open_before) AS clock_at
    FROM newest n
    CROSS JOIN LATERAL (SELECT began, open_before, clock_began FROM offer_times
                        WHERE campaign_id = $1 AND time_zone = n.time_zone AND open_before <= n.open ORDER BY began DESC LIMIT 1) o),
opened AS MATERIALIZED (
    SELECT wave, opened_at, pending, (opened_at < (SELECT max(at) FROM since)) IS TRUE AS old
    FROM waves WHERE campaign_id = $1 AND state <> 'pending'),
old AS MATERIALIZED (SELECT coalesce(sum(pending), 0) AS pending FROM opened WHERE old),
maybe AS (
    SELECT t.device_id
    FROM opened w
    CROSS JOIN LATERAL (SELECT t.device_id FROM targets t WHERE t.campaign_id = $1 AND t.wave = w.wave AND t.waiting OFFSET 0) t
    WHERE (SELECT pending BETWEEN 1 AND 5000 FROM old) AND w.old
      AND NOT (SELECT p.online FROM presence p WHERE p.device_id = t.device_id)
    UNION
    SELECT p.device_id
    FROM presence p
    WHERE (SELECT pending > 5000 FROM old) AND NOT p.online
      AND EXISTS (SELECT FROM targets t WHERE t.device_id = p.device_id AND t.campaign_id = $1 AND t.waiting OFFSET 0)
    UNION
    SELECT device_id FROM quarantines
    WHERE until > now() AND (SELECT kind FROM campaigns WHERE campaign_id = $1) = 'update')
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, b1.size, i2.sha256, b2.size, q.device_id IS NOT NULL,
       t.failed_attempt > 0
FROM maybe
JOIN targets t ON t.device_id = maybe.device_id AND t.campaign_id = $1
JOIN opened w USING (wave)
JOIN presence p ON p.device_id = t.device_id
LEFT JOIN since s ON s.time_zone = t.time_zone
LEFT JOIN quarantines q ON q.device_id = t.device_id AND q.until > now()
     AND (SELECT kind FROM campaigns WHERE campaign_id = $1) = 'update'
LEFT JOIN images i1 ON i1.firmware_id = t.firmware_id AND i1.slot = 1
LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
LEFT JOIN images i2 ON i2.firmware_id = t.firmware_id AND i2.slot = 2
LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
WHERE t.waiting
  AND (q.device_id IS NOT NULL
       OR NOT p.online AND greatest(w.opened_at, p.changed_at) < s.at AND (t.not_before < s.clock_at) IS NOT FALSE
          -- It has been asked whether it is there, and may answer yet.
          AND p.probed_at IS NULL AND NOT EXISTS (SELECT FROM asks a WHERE a.device_id = t.device_id AND a.due <= now()))
ORDER BY t.wave, t.position LIMIT $3
FOR UPDATE OF t SKIP LOCKED
