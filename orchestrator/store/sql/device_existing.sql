-- Which of these are registered already: places from 0 in the list, and how many there are. $1 ids, $2 limit
SELECT place - 1, count(*) OVER ()
FROM unnest($1::text[]) WITH ORDINALITY AS given(id, place)
JOIN devices d ON d.device_id = given.id
ORDER BY place LIMIT $2
