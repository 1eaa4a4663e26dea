-- One plan: its waves, who is left out, how long it takes at least, and how many bytes devices fetch. $1 plan
SELECT json_build_object(
    'plan', p.plan_id, 'firmware', f.version, 'from', p.from_rule, 'tags', p.tags, 'devices', p.devices,
    'select', p.selector, 'created_by', p.created_by,
    'created_at', to_char(p.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'members', (SELECT coalesce(sum(n), 0) FROM unnest(p.wave_members) n),
    'waves', (SELECT coalesce(json_agg(json_build_object('wave', w.place - 1, 'name', w.wave ->> 'name', 'members',
                                                         coalesce(p.wave_members[w.place], 0)) ORDER BY w.place), '[]')
              FROM json_array_elements(p.policy -> 'waves') WITH ORDINALITY AS w(wave, place)),
    'seed', p.seed, 'priority', p.priority, 'overlap', p.overlap,
    'queued', (SELECT coalesce(json_agg(json_build_object('campaign', o.name, 'priority', o.priority, 'state', o.state,
                                                          'devices', o.devices) ORDER BY o.name), '[]')
               FROM (SELECT c.name, c.priority, c.state, count(*) AS devices
                     FROM plan_devices d
                     JOIN targets t ON t.device_id = d.device_id AND t.live
                     JOIN campaigns c USING (campaign_id)
                     WHERE d.plan_id = p.plan_id AND d.queued AND p.queued > 0 GROUP BY c.campaign_id) o),
    'left_out', (SELECT coalesce(json_agg(json_build_object('reason', l.reason, 'devices', l.devices) ORDER BY l.reason), '[]')
                 FROM (SELECT reason, count(*) AS devices FROM plan_left_out WHERE plan_id = p.plan_id GROUP BY reason) l),
    'least_seconds', p.least_seconds, 'paths', p.paths,
    'bytes', p.bytes,
    'policy', p.policy)
FROM plans p
JOIN firmware f USING (firmware_id)
WHERE p.plan_id::text = $1 AND NOT p.of_campaign
