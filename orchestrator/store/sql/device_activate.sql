-- Devices that are heard of for the first time.
UPDATE devices SET activated_at = now() WHERE device_id = ANY ($1::text[]) AND activated_at IS NULL
