-- The next to be offered: reachable, in the order of the plan, in the time zones given (NULL: in all), and due by the campaign's clock ($5). Those that were not heard of lately (within $4
-- seconds, and since our last break with the broker; said hello, where the database turned out to be another one; the last columns: heard of, and asked already) are asked first: beside $2 that are not asked
-- yet come those that are, so that the scan is short whoever was heard of. A quarantine does not keep a
-- device from going back. What the device runs now, and what decides whether the offer fits it still, are the last columns. Those are picked first, by the index that holds who waits in this
-- order, so that only they are joined with what the offer says; waves are opened in order, and what waits after the last open one is not read.
WITH campaign AS MATERIALIZED (
    SELECT kind, priority,
           (SELECT max(b.size) FROM images i JOIN image_bytes b USING (sha256)
            WHERE i.firmware_id = campaigns.firmware_id) AS largest,
           (SELECT max(wave) FROM waves WHERE campaign_id = $1 AND state IN ('open', 'soaking', 'passed')) AS last_wave
    FROM campaigns WHERE campaign_id = $1),
heard AS MATERIALIZED (
    SELECT greatest(heard_since, clock_timestamp() - make_interval(secs => $4)) AS since, discontinued_at,
           NOT offers_held AND coalesce(identity = database_identity(), true) AS may_offer
    FROM service),
picked AS MATERIALIZED (
    SELECT t.ctid AS place, t.*
    FROM targets t
    WHERE (SELECT may_offer FROM heard) AND t.campaign_id = $1 AND t.waiting AND t.wave <= (SELECT last_wave FROM campaign)
      AND (SELECT w.state FROM waves w WHERE w.campaign_id = $1 AND w.wave = t.wave) IN ('open', 'soaking', 'passed')
      -- What looks like two devices, and is not asked again within the hour, takes no place of those that are asked.
      AND (SELECT p.online AND NOT p.awaits_hello
                  AND (p.probed_at IS NOT NULL
                       OR (greatest(p.changed_at, p.last_seen, p.hello_at) > (SELECT since FROM heard)
                           AND ((SELECT discontinued_at FROM heard) IS NULL OR p.hello_at > (SELECT discontinued_at FROM heard))) IS TRUE
                       OR NOT asked_enough(t.device_id))
           FROM presence p WHERE p.device_id = t.device_id)
      AND ($3::text[] IS NULL OR t.time_zone = ANY ($3::text[]))
      AND (t.not_before IS NULL OR t.not_before <= to_timestamp($5))
      AND ((SELECT kind FROM campaign) <> 'update'
           OR (SELECT count(*) FROM quarantines q WHERE q.device_id = t.device_id AND q.until > now()) = 0
              -- A campaign that comes before this one is about to take it.
              AND (SELECT count(*) FROM targets o JOIN campaigns b USING (campaign_id)
                   WHERE o.device_id = t.device_id AND o.queued AND b.state = 'running'
                     AND (b.priority > (SELECT priority FROM campaign)
                          OR b.priority = (SELECT priority FROM campaign) AND b.campaign_id < $1)) = 0)
    ORDER BY t.campaign_id, t.wave, t.position
    LIMIT $2 + (SELECT count(*) FROM (SELECT FROM presence p JOIN targets a ON a.device_id = p.device_id AND a.campaign_id = $1 AND a.waiting
                                      WHERE p.probed_at IS NOT NULL LIMIT 1000) asked)
    FOR UPDATE OF t SKIP LOCKED)
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, b1.size, i2.sha256, b2.size, d.version, d.image_sha256,
       CASE WHEN t.path_from IS NULL THEN 0 ELSE (
                SELECT count(*) FROM campaign_paths h
                WHERE h.campaign_id = t.campaign_id AND h.from_version = t.path_from AND h.hop > t.hop + 1) END,
       t.place, d.boot = 'trial', greatest(p.changed_at, p.last_seen, p.hello_at) > (SELECT since FROM heard)
           AND ((SELECT discontinued_at FROM heard) IS NULL OR (p.hello_at > (SELECT discontinued_at FROM heard)) IS TRUE), p.probed_at IS NOT NULL,
       t.failed_attempt > 0, t.from_version, f.requires,
       CASE WHEN t.hop > 0 THEN (SELECT h.version FROM campaign_paths h
                                 WHERE h.campaign_id = t.campaign_id AND h.from_version = t.path_from AND h.hop = t.hop) END,
       r.max_version, d.image_max, greatest(b1.size, b2.size, (SELECT largest FROM campaign))
FROM picked t
JOIN devices d USING (device_id)
JOIN presence p USING (device_id)
JOIN products r USING (product_id)
LEFT JOIN firmware f ON f.firmware_id = t.firmware_id
LEFT JOIN images i1 ON i1.firmware_id = t.firmware_id AND i1.slot = 1
LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
LEFT JOIN images i2 ON i2.firmware_id = t.firmware_id AND i2.slot = 2
LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
ORDER BY t.wave, t.position
