UPDATE plans SET least_seconds = $2 WHERE plan_id = $1
