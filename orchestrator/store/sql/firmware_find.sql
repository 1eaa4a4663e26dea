SELECT f.firmware_id, (SELECT count(*) FROM images i WHERE i.firmware_id = f.firmware_id)
FROM firmware f WHERE f.version = $1
