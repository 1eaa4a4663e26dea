-- Presence of devices whose rows are locked: nobody else changes what is read here. The last column: milliseconds since the open question for a hello.
SELECT p.device_id, p.online, p.awaits_hello, p.session, p.session_over, p.boots,
       floor(extract(epoch FROM clock_timestamp() - p.probed_at) * 1000)::bigint
FROM presence p WHERE p.device_id = ANY ($1::text[]) ORDER BY p.device_id
