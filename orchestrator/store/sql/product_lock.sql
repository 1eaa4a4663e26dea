-- A product for whoever changes it: name, ptype, scheme, and the whole of it as it is. $1 product_id
SELECT name, ptype, version_scheme, to_jsonb(p) FROM products p WHERE product_id = $1 FOR NO KEY UPDATE
