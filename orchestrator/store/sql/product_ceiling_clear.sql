-- Before the scheme that its ceiling is written in changes. $1 product_id
UPDATE products SET max_version = NULL, max_version_order = NULL WHERE product_id = $1
