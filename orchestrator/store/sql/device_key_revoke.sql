-- From now on the key is unknown. $1 device_id, $2 kind
UPDATE device_keys SET revoked_at = now() WHERE device_id = $1 AND kind = $2 AND revoked_at IS NULL
