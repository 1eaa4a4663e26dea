-- What decides whether a campaign can be rolled back, and how: policy, kind, state. $1 name, or number in digits
SELECT policy::text, kind, state FROM campaigns WHERE name = $1::text OR campaign_id::text = $1::text
