-- Every report is a sign of life; only presence messages say online or offline (NULL otherwise). Nobody asks when to the second: a sign of life less than
-- ten seconds after the last one is not written. One that went and came back in between (was_offline) has changed all the same.
UPDATE presence p
SET online = coalesce(u.online, p.online), last_seen = CASE WHEN u.online IS FALSE THEN p.last_seen ELSE now() END,
    changed_at = CASE WHEN coalesce(u.online, p.online) = p.online AND NOT u.was_offline THEN p.changed_at ELSE now() END
FROM unnest($1::text[], $2::boolean[], $3::boolean[]) AS u(device_id, online, was_offline)
WHERE p.device_id = u.device_id
  AND (u.online <> p.online OR u.was_offline OR p.last_seen IS NULL OR p.last_seen < now() - interval '10 seconds')
