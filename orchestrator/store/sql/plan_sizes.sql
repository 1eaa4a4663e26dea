-- How large the waves of a plan came out.
SELECT wave, count(*) FROM plan_devices WHERE plan_id = $1 GROUP BY wave
