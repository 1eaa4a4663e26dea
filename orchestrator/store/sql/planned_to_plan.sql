-- The next wave of a plan: wave, tag that its devices have ('' for any), how many (NULL: all), plan, whether it is the last, which
-- takes all that is left
WITH picked AS MATERIALIZED (
    SELECT place FROM planned WHERE $2 = '' OR $2 = ANY (tags) ORDER BY place LIMIT $3),
taken AS (
    DELETE FROM planned p USING picked w
    WHERE NOT $5 AND p.place = w.place RETURNING p.*)
INSERT INTO plan_devices (plan_id, position, wave, device_id, queued)
SELECT $4::bigint, place, $1::smallint, device_id, queued FROM taken
UNION ALL
SELECT $4::bigint, place, $1::smallint, device_id, queued FROM planned WHERE $5
