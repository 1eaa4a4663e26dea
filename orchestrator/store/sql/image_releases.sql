-- Releases that share one image with a release, and not the other one; none where yet another has both, as then they are known to belong together.
-- $1 firmware_id
WITH shared AS (
    SELECT other.firmware_id, min(own.slot) AS slot, count(*) AS images
    FROM images own
    JOIN images other ON other.sha256 = own.sha256 AND other.firmware_id <> own.firmware_id
    WHERE own.firmware_id = $1
    GROUP BY other.firmware_id)
SELECT s.slot, f.version
FROM shared s
JOIN firmware f USING (firmware_id)
WHERE NOT EXISTS (SELECT FROM shared WHERE images > 1)
ORDER BY s.firmware_id
LIMIT 4
