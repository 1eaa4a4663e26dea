-- A release with its files; gives the hashes of their bytes. $1 firmware_id
WITH slots AS (DELETE FROM images WHERE firmware_id = $1 RETURNING sha256),
further AS (DELETE FROM firmware_files WHERE firmware_id = $1 RETURNING sha256),
release AS (DELETE FROM firmware WHERE firmware_id = $1)
SELECT sha256 FROM slots UNION SELECT sha256 FROM further
