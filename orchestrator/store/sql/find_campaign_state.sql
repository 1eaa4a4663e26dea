-- $1 name, or number in digits
SELECT state FROM campaigns WHERE name = $1::text OR campaign_id::text = $1::text
