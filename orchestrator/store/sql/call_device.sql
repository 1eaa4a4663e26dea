-- The device that a call is for. $1 id
SELECT coalesce((SELECT online FROM presence p WHERE p.device_id = d.device_id), false), d.ptype, d.version,
       (SELECT f.version FROM firmware f WHERE f.ptype = d.ptype AND f.is_current),
       (SELECT format('%s (%s)', c.name, t.state) FROM targets t JOIN campaigns c USING (campaign_id)
        WHERE t.device_id = d.device_id AND t.live LIMIT 1)
FROM devices d WHERE d.device_id = $1
