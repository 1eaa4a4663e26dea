-- One firmware with its images and how many devices run it. $1 version, canonical
SELECT json_build_object(
    'version', f.version, 'ptype', f.ptype, 'notes', f.notes, 'created_by', f.created_by,
    'created_at', to_char(f.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'devices', (SELECT count(*) FROM devices d WHERE d.ptype = f.ptype AND d.version = f.version),
    'images', (SELECT coalesce(json_agg(json_build_object('slot', i.slot, 'sha256', i.sha256, 'size', b.size)
                                        ORDER BY i.slot), '[]')
               FROM images i JOIN image_bytes b USING (sha256) WHERE i.firmware_id = f.firmware_id),
    'campaigns', (SELECT coalesce(json_agg(c.name ORDER BY c.campaign_id), '[]')
                  FROM campaigns c WHERE c.firmware_id = f.firmware_id))
FROM firmware f
WHERE f.version = $1
