-- The releases on the way to a firmware that can be offered, in rising order, the firmware last. $1 firmware_id
SELECT f.firmware_id, f.version, f.requires
FROM firmware goal
JOIN firmware f ON f.ptype = goal.ptype AND f.version_scheme = goal.version_scheme
WHERE goal.firmware_id = $1
  AND (f.firmware_id = goal.firmware_id
       OR f.version_order < goal.version_order AND f.fota_class IN ('o', 'a')
          AND (SELECT count(*) FROM images i WHERE i.firmware_id = f.firmware_id) = 2
          AND NOT lacks_signature(f.firmware_id))
ORDER BY f.version_order
