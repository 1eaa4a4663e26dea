-- How many members of the campaign wait for their turn (10001 for more than 10000), and behind which campaigns (of the first thousand).
WITH waiting AS MATERIALIZED (
    SELECT device_id FROM targets WHERE campaign_id = $1 AND queued ORDER BY device_id LIMIT 10001),
sample AS MATERIALIZED (SELECT device_id FROM waiting LIMIT 1000)
SELECT (SELECT count(*) FROM waiting),
       (SELECT string_agg(DISTINCT c.name || ' (' || c.state || ')', ', ')
        FROM sample s
        JOIN targets h ON h.device_id = s.device_id AND h.live
        JOIN campaigns c USING (campaign_id))
