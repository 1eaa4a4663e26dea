-- One plan: its waves, who is left out, how long it takes at least, and how many bytes devices fetch. $1 plan
SELECT json_build_object(
    'plan', p.plan_id, 'firmware', f.version, 'from', p.from_rule, 'tags', p.tags, 'devices', p.devices,
    'select', p.selector, 'created_by', p.created_by,
    'created_at', to_char(p.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'members', (SELECT count(*) FROM plan_devices d WHERE d.plan_id = p.plan_id),
    'waves', (SELECT coalesce(json_agg(json_build_object('wave', w.place - 1, 'name', w.wave ->> 'name', 'members',
                  (SELECT count(*) FROM plan_devices d WHERE d.plan_id = p.plan_id AND d.wave = w.place - 1))
                  ORDER BY w.place), '[]')
              FROM json_array_elements(p.policy -> 'waves') WITH ORDINALITY AS w(wave, place)),
    'seed', p.seed, 'priority', p.priority, 'overlap', p.overlap,
    'queued', (SELECT coalesce(json_agg(json_build_object('campaign', o.name, 'priority', o.priority, 'state', o.state,
                                                          'devices', o.devices) ORDER BY o.name), '[]')
               FROM (SELECT c.name, c.priority, c.state, count(*) AS devices
                     FROM plan_devices d
                     JOIN targets t ON t.device_id = d.device_id AND t.live
                     JOIN campaigns c USING (campaign_id)
                     WHERE d.plan_id = p.plan_id AND d.queued GROUP BY c.campaign_id) o),
    'left_out', (SELECT coalesce(json_agg(json_build_object('reason', l.reason, 'devices', l.devices) ORDER BY l.reason), '[]')
                 FROM (SELECT reason, count(*) AS devices FROM plan_left_out WHERE plan_id = p.plan_id GROUP BY reason) l),
    'least_seconds', p.least_seconds, 'paths', p.paths,
    'bytes', (SELECT coalesce(sum(CASE WHEN d.slot IS NULL THEN greatest(b1.size, b2.size)
                                       WHEN d.slot = 1 THEN b2.size ELSE b1.size END), 0)
              FROM plan_devices m JOIN devices d USING (device_id) WHERE m.plan_id = p.plan_id),
    'policy', p.policy)
FROM plans p
JOIN firmware f USING (firmware_id)
LEFT JOIN images i1 ON i1.firmware_id = p.firmware_id AND i1.slot = 1
LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
LEFT JOIN images i2 ON i2.firmware_id = p.firmware_id AND i2.slot = 2
LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
WHERE p.plan_id::text = $1
