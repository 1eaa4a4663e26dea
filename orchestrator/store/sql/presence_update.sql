-- Every report is a sign of life; only presence messages say online or offline (NULL otherwise). Nobody asks when to the second: a sign of life less than
-- a second after the last one is not written.
UPDATE presence p
SET online = coalesce(u.online, p.online), last_seen = CASE WHEN u.online IS FALSE THEN p.last_seen ELSE now() END,
    changed_at = CASE WHEN coalesce(u.online, p.online) = p.online THEN p.changed_at ELSE now() END
FROM unnest($1::text[], $2::boolean[]) AS u(device_id, online)
WHERE p.device_id = u.device_id
  AND (u.online <> p.online OR p.last_seen IS NULL OR p.last_seen < now() - interval '1 second')
