SELECT device_id FROM devices WHERE device_id = ANY ($1::text[]) ORDER BY device_id LIMIT 1
