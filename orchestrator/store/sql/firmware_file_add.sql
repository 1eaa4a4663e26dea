-- firmware_id, name, sha256
INSERT INTO firmware_files (firmware_id, name, sha256) VALUES ($1, $2, $3)
