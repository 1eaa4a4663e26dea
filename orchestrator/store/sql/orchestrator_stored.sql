-- Every report that the broker gave an orchestrator ($1) before $2 (microseconds) is stored.
UPDATE orchestrators SET watermark = greatest(watermark, timestamptz 'epoch' + $2::bigint * interval '1 microsecond')
WHERE orchestrator_id = $1 AND watermark IS NOT NULL
