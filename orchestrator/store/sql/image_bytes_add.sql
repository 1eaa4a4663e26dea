-- sha256, bytes. The same bytes may already be there.
INSERT INTO image_bytes (sha256, size, bytes) VALUES ($1, octet_length($2::bytea), $2::bytea)
ON CONFLICT (sha256) DO NOTHING
