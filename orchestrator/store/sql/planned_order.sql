-- After they were cut by tags: in the order of the waves.
UPDATE planned p SET place = o.place
FROM (SELECT device_id, row_number() OVER (ORDER BY wave, place) AS place FROM planned) o
WHERE p.device_id = o.device_id
