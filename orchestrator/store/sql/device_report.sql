-- What devices say they run.
UPDATE devices d
SET version = u.version, version_order = u.version_order, fota_class = u.fota_class::"char", slot = u.slot,
    image_sha256 = u.image_sha256, boot = u.boot, reset_reason = coalesce(u.reset_reason, d.reset_reason),
    reported_at = now()
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::text[], $7::text[], $8::text[])
     AS u(device_id, version, version_order, fota_class, slot, image_sha256, boot, reset_reason)
WHERE d.device_id = u.device_id
