-- A release as one device sees it: of its ptype, for upgrades online, the current one (below its product's ceiling, and signed
-- where that is required), offered to it now; and the image. $1 device_id, $2 version, canonical, $3 slot
SELECT f.ptype = d.ptype,
       f.fota_class IN ('o', 'a'),
       f.is_current AND NOT lacks_signature(f.firmware_id)
           AND (p.max_version_order IS NULL OR f.version_order <= p.max_version_order),
       EXISTS (SELECT FROM targets t WHERE t.device_id = d.device_id AND t.firmware_id = f.firmware_id
               AND t.in_flight AND NOT t.withdrawn),
       i.sha256
FROM devices d
JOIN products p USING (product_id)
CROSS JOIN firmware f
LEFT JOIN images i ON i.firmware_id = f.firmware_id AND i.slot = $3
WHERE d.device_id = $1 AND f.version = $2
