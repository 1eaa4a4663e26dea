INSERT INTO tokens (name, role, token_sha256) VALUES ($1, $2, $3)
