-- After outages, every device in flight is put down to be asked for a hello; answers how many outages there were.
WITH new AS MATERIALIZED (
    SELECT outage_id FROM outages WHERE asked_at IS NULL ORDER BY outage_id FOR UPDATE SKIP LOCKED),
asked AS (
    INSERT INTO asks (device_id, times)
    SELECT DISTINCT t.device_id, 1
    FROM campaigns c JOIN targets t USING (campaign_id)
    WHERE NOT c.settled AND t.in_flight AND EXISTS (SELECT FROM new)
    ORDER BY t.device_id
    ON CONFLICT (device_id) DO UPDATE SET due = least(asks.due, EXCLUDED.due))
UPDATE outages o SET asked_at = clock_timestamp() FROM new n WHERE o.outage_id = n.outage_id
