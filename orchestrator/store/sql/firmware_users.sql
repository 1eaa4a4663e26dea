-- What would miss a release: campaigns that roll it out, or that took or may take devices to or from it, and devices that
-- run it. The names of the first three, how many in all, and the devices. $1 firmware_id
WITH campaign AS (
    SELECT c.campaign_id, c.name
    FROM firmware f
    JOIN campaigns c ON c.ptype = f.ptype
    WHERE f.firmware_id = $1
      AND (c.firmware_id = f.firmware_id
           OR c.unwritten > 0
           OR EXISTS (SELECT FROM campaign_paths p
                      WHERE p.campaign_id = c.campaign_id AND p.firmware_id = f.firmware_id)
           OR EXISTS (SELECT FROM targets t WHERE t.campaign_id = c.campaign_id
                      AND (t.firmware_id = f.firmware_id OR f.version IN (t.from_version, t.to_version)))))
SELECT (SELECT string_agg(name, ', ' ORDER BY campaign_id)
        FROM (SELECT * FROM campaign ORDER BY campaign_id LIMIT 3) AS first),
       (SELECT count(*) FROM campaign),
       (SELECT count(*) FROM devices d JOIN firmware f ON f.ptype = d.ptype AND f.version = d.version
        WHERE f.firmware_id = $1)
