-- Devices of whose connection the broker knows nothing: they are asked for a hello (presence_awaited.sql), unless they were heard of since $2.
UPDATE presence p SET awaits_hello = true
FROM (SELECT p.device_id FROM presence p
      WHERE p.device_id = ANY ($1::text[]) AND p.online AND greatest(p.changed_at, p.last_seen, p.hello_at) < to_timestamp($2)
      ORDER BY p.device_id FOR UPDATE) l
WHERE p.device_id = l.device_id
