SELECT plan_id::text FROM plans WHERE plan_id::text = $1 AND NOT of_campaign
