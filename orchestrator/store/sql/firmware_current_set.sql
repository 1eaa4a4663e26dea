-- $1 firmware_id
UPDATE firmware SET is_current = true WHERE firmware_id = $1
