-- Changes what is given, and gives what has changed as JSON; NULL when nothing has. $1 product_id, $2 description, $3 whether the
-- serial is given, $4 serial, $5 is_private, $6 status, $7 whether a ceiling is given, $8 max_version, $9 its order,
-- $10 require_signature (NULL: as it is), $11 the product as it was
UPDATE products p
SET description = coalesce($2::text, p.description),
    serial = CASE WHEN $3::boolean THEN $4::text ELSE p.serial END,
    is_private = coalesce($5::boolean, p.is_private),
    status = coalesce($6::smallint, p.status),
    max_version = CASE WHEN $7::boolean THEN $8::text ELSE p.max_version END,
    max_version_order = CASE WHEN $7::boolean THEN $9::text ELSE p.max_version_order END,
    require_signature = coalesce($10::boolean, p.require_signature)
WHERE product_id = $1
RETURNING (SELECT jsonb_object_agg(key, jsonb_build_object('from', was.value, 'to', is_now.value))
           FROM jsonb_each($11::jsonb) was JOIN jsonb_each(to_jsonb(p)) is_now USING (key)
           WHERE was.value <> is_now.value AND key <> 'max_version_order')
