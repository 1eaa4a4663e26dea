-- Every report is a sign of life; only presence messages say online or offline (NULL otherwise).
UPDATE presence p
SET online = coalesce(u.online, p.online), last_seen = CASE WHEN u.online IS FALSE THEN p.last_seen ELSE now() END,
    changed_at = CASE WHEN coalesce(u.online, p.online) = p.online THEN p.changed_at ELSE now() END
FROM unnest($1::text[], $2::boolean[]) AS u(device_id, online)
WHERE p.device_id = u.device_id
