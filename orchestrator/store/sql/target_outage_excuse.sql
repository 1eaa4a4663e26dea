-- Attempts that an outage has cost are not counted: neither as retries of their targets, nor against their devices. Campaign, devices, attempts.
WITH made AS MATERIALIZED (
    SELECT u.device_id, (SELECT min(e.at) FROM events e WHERE e.device_id = u.device_id AND e.campaign_id = $1 AND e.attempt = u.attempt
                                                          AND e.to_state = 'offered') AS at
    FROM unnest($2::text[], $3::smallint[]) AS u(device_id, attempt)),
counted AS (
    UPDATE targets t SET outage_attempts = t.outage_attempts + 1 FROM made m WHERE t.campaign_id = $1 AND t.device_id = m.device_id),
forgiven AS (
    DELETE FROM device_failures f USING made m WHERE f.device_id = m.device_id AND f.campaign_id = $1 AND f.at >= m.at)
DELETE FROM quarantines q USING made m WHERE q.device_id = m.device_id AND q.campaign_id = $1 AND q.since >= m.at
