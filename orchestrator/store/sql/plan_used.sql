UPDATE plans SET in_use = false WHERE plan_id = $1
