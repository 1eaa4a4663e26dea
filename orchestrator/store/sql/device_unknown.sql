-- The first of these that is not registered with this ptype, by its place in the list (from 0).
SELECT place - 1, id
FROM unnest($1::text[]) WITH ORDINALITY AS wanted(id, place)
WHERE NOT EXISTS (SELECT FROM devices d WHERE d.device_id = wanted.id AND d.ptype = $2)
ORDER BY place LIMIT 1
