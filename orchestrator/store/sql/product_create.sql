-- name (NULL for a made one), description, serial, is_private, ptype, status, version_scheme, max_version, its order,
-- require_signature
WITH next AS (SELECT nextval(pg_get_serial_sequence('products', 'product_id')) AS product_id)
INSERT INTO products (product_id, name, description, serial, is_private, ptype, status, version_scheme, max_version,
                      max_version_order, require_signature)
SELECT product_id, coalesce($1, 'product-' || product_id), coalesce($2, ''), $3, $4, $5, $6, $7, $8, $9, $10 FROM next
