-- What a release says of its place among others. $1 firmware_id, $2 sequence, $3 requires (version or NULL)
UPDATE firmware SET sequence = $2, requires = $3 WHERE firmware_id = $1
