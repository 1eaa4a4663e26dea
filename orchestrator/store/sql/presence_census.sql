-- Sessions that have ended while nobody took reports, of devices whose rows are locked: id, session, BOOTIDs.
UPDATE presence p
SET online = false, awaits_hello = false, session = u.session, session_over = true, boots = u.boots, changed_at = now(), probed_at = NULL
FROM unnest($1::text[], $2::text[], $3::text[]) AS u(device_id, session, boots)
WHERE p.device_id = u.device_id
