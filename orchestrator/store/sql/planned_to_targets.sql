-- The next wave of a campaign: wave, tag that its devices have ('' for any), how many (NULL: all), campaign, whether it is the last,
-- which takes all that is left; to_version, firmware.
-- One that another campaign takes at this moment makes the transaction run again (store_transaction).
WITH picked AS MATERIALIZED (
    SELECT place FROM planned WHERE $2 = '' OR $2 = ANY (tags) ORDER BY place LIMIT $3),
taken AS (
    DELETE FROM planned p USING picked w
    WHERE NOT $5 AND p.place = w.place RETURNING p.*)
INSERT INTO targets (campaign_id, device_id, wave, position, from_version, from_sha256, to_version, firmware_id,
                     queued)
SELECT $4::bigint, device_id, $1::smallint, place, version, image_sha256, $6::text, $7::bigint, queued FROM taken
UNION ALL
SELECT $4::bigint, device_id, $1::smallint, place, version, image_sha256, $6::text, $7::bigint, queued FROM planned WHERE $5
