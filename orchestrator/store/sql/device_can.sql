-- What devices say that their firmware understands: devices, words.
UPDATE devices d SET can = u.can FROM unnest($1::text[], $2::text[]) AS u(device_id, can) WHERE d.device_id = u.device_id
