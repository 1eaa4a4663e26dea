-- Nothing when the key has signed it already. firmware_id, key_id, signature, actor
INSERT INTO firmware_signatures (firmware_id, key_id, signature, created_by) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
