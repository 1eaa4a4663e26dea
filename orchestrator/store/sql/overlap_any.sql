-- Any member that waits for its turn. In the order of the index, so that it is used: else all members are read when most of them wait.
SELECT device_id FROM targets WHERE campaign_id = $1 AND queued ORDER BY device_id LIMIT 1
