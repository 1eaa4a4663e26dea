-- For a batch that has lost a race once; in this order always.
SELECT FROM targets
WHERE (campaign_id, device_id) IN (SELECT c.campaign_id, u.device_id FROM unnest($1::bigint[], $2::text[]) AS u(wire_number, device_id)
                                   JOIN campaigns c USING (wire_number))
ORDER BY campaign_id, device_id FOR UPDATE
