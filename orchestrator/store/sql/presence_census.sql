-- What the broker's retained messages say of devices whose rows are locked: id, online, session (NULL: their firmware does not say), BOOTIDs, whether a hello
-- is awaited. None of it is a sign of life.
UPDATE presence p
SET online = u.online, awaits_hello = u.awaits_hello, session = u.session, session_over = NOT u.online AND u.session IS NOT NULL, boots = u.boots,
    changed_at = CASE WHEN p.online <> u.online OR p.session IS DISTINCT FROM u.session THEN now() ELSE p.changed_at END
FROM unnest($1::text[], $2::boolean[], $3::text[], $4::text[], $5::boolean[]) AS u(device_id, online, session, boots, awaits_hello)
WHERE p.device_id = u.device_id
