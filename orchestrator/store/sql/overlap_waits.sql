-- Whether any member of the campaign waits for its turn, how many, and behind which campaigns (of the first thousand).
WITH sample AS MATERIALIZED (
    SELECT device_id FROM targets WHERE campaign_id = $1 AND queued LIMIT 1000)
SELECT (SELECT count(*) FROM targets WHERE campaign_id = $1 AND queued),
       (SELECT string_agg(DISTINCT c.name || ' (' || c.state || ')', ', ')
        FROM sample s
        JOIN targets h ON h.device_id = s.device_id AND NOT h.queued
             AND h.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial')
        JOIN campaigns c USING (campaign_id))
