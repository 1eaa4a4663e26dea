-- The version that one device should run: the current release of its ptype (below its product's ceiling, and signed where
-- that is required) when that is newer or
-- nothing is known of what it runs, else its own; "" when there is neither. $1 device_id
SELECT jsonb_build_object('recommended_rom_version', coalesce(
    (SELECT f.version FROM firmware f
     WHERE f.ptype = d.ptype AND f.is_current AND f.fota_class IN ('o', 'a') AND NOT lacks_signature(f.firmware_id)
       AND (p.max_version_order IS NULL OR f.version_order <= p.max_version_order)
       AND (d.version IS NULL
            OR d.fota_class IN ('o', 'a') AND f.version_scheme = version_scheme(d.version)
               AND f.version_order > d.version_order)),
    d.version, ''))
FROM devices d
JOIN products p USING (product_id)
WHERE d.device_id = $1
