-- The policy document of a campaign, as it was given. $1 name, or number in digits
SELECT policy::text FROM campaigns WHERE name = $1::text OR campaign_id::text = $1::text
