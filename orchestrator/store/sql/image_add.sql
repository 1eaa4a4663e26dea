INSERT INTO images (firmware_id, slot, sha256) VALUES ($1, $2, $3)
