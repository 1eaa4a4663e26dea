-- The products of each (ptype, name or NULL), in the order given: how many fit, and the first's number and scheme.
SELECT count(p.product_id), min(p.product_id), min(p.version_scheme)
FROM unnest($1::integer[], $2::text[]) WITH ORDINALITY AS wanted(ptype, name, place)
LEFT JOIN products p ON p.ptype = wanted.ptype AND (wanted.name IS NULL OR p.name = wanted.name)
GROUP BY wanted.place
ORDER BY wanted.place
