-- In this order always, so that two batches cannot wait for each other.
SELECT FROM waves
WHERE (campaign_id, wave) IN (SELECT * FROM unnest($1::bigint[], $2::smallint[]))
ORDER BY campaign_id, wave FOR NO KEY UPDATE
