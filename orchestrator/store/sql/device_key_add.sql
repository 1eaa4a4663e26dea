-- SHA-256 of the key, device_id, kind
INSERT INTO device_keys (key_sha256, device_id, kind) VALUES ($1, $2, $3)
