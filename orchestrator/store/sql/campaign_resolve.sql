-- A campaign's number by its name, or by the number itself (names begin with a letter).
SELECT campaign_id FROM campaigns WHERE name = $1 OR campaign_id::text = $1
