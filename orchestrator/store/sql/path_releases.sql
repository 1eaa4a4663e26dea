-- The releases on the way to a firmware that can be offered, in rising order, the firmware last. $1 firmware_id
SELECT f.firmware_id, f.version, f.requires
FROM firmware goal
JOIN firmware f ON f.ptype = goal.ptype AND f.version_scheme = goal.version_scheme
WHERE goal.firmware_id = $1
  AND (f.firmware_id = goal.firmware_id
       OR f.version_order < goal.version_order AND f.fota_class IN ('o', 'a')
          AND (SELECT count(*) FROM images i WHERE i.firmware_id = f.firmware_id) = 2
          AND (NOT EXISTS (SELECT FROM products p WHERE p.ptype = f.ptype AND p.require_signature)
               OR EXISTS (SELECT FROM firmware_signatures s JOIN public_keys k USING (key_id)
                          WHERE s.firmware_id = f.firmware_id AND k.revoked_at IS NULL)))
ORDER BY f.version_order
