-- Presence of devices whose rows are locked: nobody else changes what is read here.
SELECT p.device_id, p.online, p.awaits_hello, p.session, p.session_over, p.boots
FROM presence p WHERE p.device_id = ANY ($1::text[]) ORDER BY p.device_id
