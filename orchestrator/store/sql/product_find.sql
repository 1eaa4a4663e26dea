-- One product, by its name, its number or its serial (in this order, where several fit). $1
SELECT product_id FROM products
WHERE name = $1::text OR product_id::text = $1::text OR serial = $1::text
ORDER BY name = $1::text DESC, product_id::text = $1::text DESC, product_id LIMIT 1
