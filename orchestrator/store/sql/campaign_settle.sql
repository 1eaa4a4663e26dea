WITH over AS (DELETE FROM offer_times WHERE campaign_id = $1)
UPDATE campaigns SET settled = true WHERE campaign_id = $1
