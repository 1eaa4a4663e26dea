UPDATE presence p
SET online = u.online, last_seen = now(),
    changed_at = CASE WHEN p.online = u.online THEN p.changed_at ELSE now() END
FROM unnest($1::text[], $2::boolean[]) AS u(device_id, online)
WHERE p.device_id = u.device_id
