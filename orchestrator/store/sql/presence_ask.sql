-- Devices of which the broker says something else than is stored: they are put down to be asked for a hello. What is stored of one that does not answer
-- stays as it is, and since when; one that is online by it is not offered anything before it has answered.
WITH doubted AS (
    UPDATE presence p SET awaits_hello = true FROM unnest($1::text[]) AS u(device_id)
    WHERE p.device_id = u.device_id AND p.online AND NOT p.awaits_hello)
INSERT INTO asks (device_id) SELECT unnest($1::text[])
ON CONFLICT (device_id) DO UPDATE SET due = least(asks.due, EXCLUDED.due)
