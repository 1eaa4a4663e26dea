-- For a batch that has lost a race once; in this order always.
SELECT FROM targets
WHERE (campaign_id, device_id) IN (SELECT * FROM unnest($1::bigint[], $2::text[]))
ORDER BY campaign_id, device_id FOR UPDATE
