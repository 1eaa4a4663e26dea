-- Ends a device's quarantine and forgets the failures behind it, which would begin another one at once. Nothing affected: it was in none.
WITH forgotten AS (DELETE FROM device_failures WHERE device_id = $1)
DELETE FROM quarantines WHERE device_id = $1 AND until > now()
