-- Devices that say that they run an image to which no attempt led: devices, images, versions, slots. Counts
-- how often each is said; keeps the newest four of a device.
WITH said AS (
    SELECT DISTINCT ON (device_id, image_sha256) *
    FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[]) AS u(device_id, image_sha256, version, slot)
    ORDER BY device_id, image_sha256),
older AS (
    DELETE FROM device_images i
    USING (SELECT o.device_id, o.image_sha256, row_number() OVER (PARTITION BY o.device_id ORDER BY o.last_at DESC) AS place
           FROM device_images o JOIN said s ON s.device_id = o.device_id AND s.image_sha256 <> o.image_sha256) o
    WHERE o.place >= 4 AND i.device_id = o.device_id AND i.image_sha256 = o.image_sha256)
INSERT INTO device_images AS i (device_id, image_sha256, version, slot)
SELECT * FROM said
ON CONFLICT (device_id, image_sha256) DO UPDATE
SET version = EXCLUDED.version, slot = EXCLUDED.slot, last_at = now(),
    times = CASE WHEN i.last_at > now() - interval '1 day' THEN least(i.times + 1, 1000000) ELSE 1 END,
    first_at = CASE WHEN i.last_at > now() - interval '1 day' THEN i.first_at ELSE now() END
