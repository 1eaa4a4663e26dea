-- plan, seconds, paths, how many devices each wave has, how many of all are queued, bytes
UPDATE plans SET least_seconds = $2, paths = $3::json, wave_members = $4::bigint[], queued = $5, bytes = $6 WHERE plan_id = $1
