SELECT name, role FROM tokens WHERE token_sha256 = $1 AND revoked_at IS NULL
