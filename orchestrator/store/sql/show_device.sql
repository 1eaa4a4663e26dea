-- One device with its presence, the current release it could be upgraded to, its targets of campaigns not yet ended for it,
-- its last 20 events, and the time at which all this is so. $1 device_id
SELECT json_build_object(
    'now', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'id', d.device_id, 'ptype', d.ptype, 'product', product.name, 'tags', d.tags, 'version', d.version,
    'upgrade_to', (SELECT f.version FROM firmware f
                   WHERE f.ptype = d.ptype AND f.is_current AND f.fota_class IN ('o', 'a') AND d.fota_class IN ('o', 'a')
                     AND f.version_scheme = version_scheme(d.version) AND f.version_order > d.version_order
                     AND NOT lacks_signature(f.firmware_id)
                     AND (product.max_version_order IS NULL OR f.version_order <= product.max_version_order)),
    'flash_kb', d.flash_kb, 'flash_map', d.flash_map, 'image_max', d.image_max,
    'activated_at', to_char(d.activated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'can', CASE WHEN d.can = '' THEN '{}' ELSE string_to_array(d.can, ',') END,
    'slot', d.slot, 'boot', d.boot, 'sha256', d.image_sha256, 'reset_reason', d.reset_reason,
    'online', coalesce(p.online, false),
    'online_changed_at', to_char(p.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'last_seen', to_char(p.last_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'reported_at', to_char(d.reported_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'registered_at', to_char(d.registered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'quarantined_until', to_char(q.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'quarantined_by', (SELECT name FROM campaigns c WHERE c.campaign_id = q.campaign_id),
    'targets', (SELECT coalesce(json_agg(json_build_object(
        'campaign', c.name, 'priority', c.priority, 'queued', t.queued, 'wave', t.wave, 'wave_name', w.name, 'state', t.state, 'attempt', t.attempt, 'progress', t.progress,
        'from', t.from_version, 'to', t.to_version, 'reason', t.reason,
        'state_at', to_char(t.state_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'deadline', to_char(wall_clock(t.deadline) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        ORDER BY c.campaign_id DESC), '[]')
        FROM targets t
        JOIN campaigns c USING (campaign_id)
        JOIN waves w USING (campaign_id, wave)
        WHERE t.device_id = d.device_id AND NOT c.settled),
    'events', (SELECT coalesce(json_agg(json_build_object(
        'at', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'campaign', c.name,
        'attempt', e.attempt, 'from', e.from_state, 'to', e.to_state, 'reason', e.reason)
        ORDER BY e.at DESC, e.event_id DESC), '[]')
        FROM (SELECT * FROM events WHERE device_id = d.device_id ORDER BY at DESC, event_id DESC LIMIT 20) e
        JOIN campaigns c USING (campaign_id)))
FROM devices d
JOIN products product USING (product_id)
LEFT JOIN presence p USING (device_id)
LEFT JOIN quarantines q ON q.device_id = d.device_id AND q.until > now()
WHERE d.device_id = $1
