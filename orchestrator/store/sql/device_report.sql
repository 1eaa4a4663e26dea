-- What devices say they run.
UPDATE devices d
SET version = u.version, version_type = u.version_type::"char", version_value = u.version_value,
    fota_class = u.fota_class::"char", slot = u.slot, image_sha256 = u.image_sha256, boot = u.boot,
    reset_reason = coalesce(u.reset_reason, d.reset_reason), reported_at = now()
FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::smallint[], $7::text[], $8::text[],
            $9::text[])
     AS u(device_id, version, version_type, version_value, fota_class, slot, image_sha256, boot, reset_reason)
WHERE d.device_id = u.device_id
