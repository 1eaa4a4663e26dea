-- name (NULL for a made one), description, serial, is_private, ptype, status
WITH next AS (SELECT nextval(pg_get_serial_sequence('products', 'product_id')) AS product_id)
INSERT INTO products (product_id, name, description, serial, is_private, ptype, status)
SELECT product_id, coalesce($1, 'product-' || product_id), coalesce($2, ''), $3, $4, $5, $6 FROM next
