-- Locked in this order always, and before targets: whoever writes what a device says of itself holds its row.
SELECT device_id, ptype, activated_at IS NOT NULL, flash_kb, flash_map, image_sha256, boot, can
FROM devices WHERE device_id = ANY ($1::text[]) ORDER BY device_id FOR NO KEY UPDATE
