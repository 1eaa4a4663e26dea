-- plan, seconds, paths
UPDATE plans SET least_seconds = $2, paths = $3::json WHERE plan_id = $1
