-- The next wave of a plan: wave, tag that its devices have ('' for any), how many (NULL: all), plan
WITH picked AS MATERIALIZED (
    SELECT place FROM planned WHERE $2 = '' OR $2 = ANY (tags) ORDER BY place LIMIT $3),
taken AS (
    DELETE FROM planned p USING picked w
    WHERE p.place = w.place RETURNING p.*)
INSERT INTO plan_devices (plan_id, position, wave, device_id, queued)
SELECT $4, place, $1, device_id, queued FROM taken
