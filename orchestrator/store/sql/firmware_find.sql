-- A release for a campaign; it cannot be deleted before that is stored. $1 version, canonical
SELECT f.firmware_id, (SELECT count(*) FROM images i WHERE i.firmware_id = f.firmware_id)
FROM firmware f WHERE f.version = $1
FOR KEY SHARE OF f
