-- A page of the devices that are online by what is stored, and not heard of since $1 (Unix seconds): after the id $2, at most $3.
SELECT device_id FROM presence
WHERE device_id > $2 AND online AND NOT awaits_hello AND probed_at IS NULL AND greatest(changed_at, last_seen, hello_at) < to_timestamp($1)
ORDER BY device_id LIMIT $3
