-- The next wave of a campaign: wave, tag that its devices have ('' for any), how many (NULL: all), campaign, to_version, firmware.
-- One that another campaign takes at this moment makes the transaction run again (store_transaction).
WITH picked AS MATERIALIZED (
    SELECT place FROM planned WHERE $2 = '' OR $2 = ANY (tags) ORDER BY place LIMIT $3),
taken AS (
    DELETE FROM planned p USING picked w
    WHERE p.place = w.place RETURNING p.*)
INSERT INTO targets (campaign_id, device_id, wave, position, from_version, from_sha256, to_version, firmware_id,
                     queued)
SELECT $4, device_id, $1, place, version, image_sha256, $5, $6, queued FROM taken
