-- Campaigns that come after this one give way with the devices that wait in it: what is pending there is queued, and where this one
-- takes over, what is out of a lower priority is withdrawn. campaign, its priority, whether it takes over, limit. A row a campaign that gave
-- way: name, priority, queued, withdrawn
WITH after AS MATERIALIZED (
    SELECT h.campaign_id, h.device_id, h.state = 'pending' AS waits
    FROM targets q
    JOIN targets h ON h.device_id = q.device_id AND h.live
    JOIN campaigns c ON c.campaign_id = h.campaign_id
    WHERE q.campaign_id = $1 AND q.queued AND c.kind = 'update'
      AND (h.state = 'pending' AND (c.priority < $2 OR c.priority = $2 AND c.campaign_id > $1)
           OR $3 AND h.state IN ('offered', 'accepted', 'downloading') AND NOT h.withdrawn AND c.priority < $2)
    LIMIT $4
    FOR UPDATE OF h SKIP LOCKED),
given AS (
    UPDATE targets t
    SET queued = a.waits, withdrawn = NOT a.waits, sent_at = CASE WHEN a.waits THEN t.sent_at END
    FROM after a
    WHERE t.campaign_id = a.campaign_id AND t.device_id = a.device_id)
SELECT c.name, c.priority, count(*) FILTER (WHERE a.waits), count(*) FILTER (WHERE NOT a.waits)
FROM after a
JOIN campaigns c USING (campaign_id)
GROUP BY c.campaign_id
ORDER BY c.campaign_id
