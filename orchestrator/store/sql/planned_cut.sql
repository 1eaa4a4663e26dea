-- The next wave, where waves are cut by tags: wave, tag that its devices have ('' for any), how many (NULL: all that are left)
UPDATE planned p SET wave = $1
FROM (SELECT place FROM planned WHERE wave IS NULL AND ($2 = '' OR $2 = ANY (tags)) ORDER BY place LIMIT $3) picked
WHERE p.place = picked.place
