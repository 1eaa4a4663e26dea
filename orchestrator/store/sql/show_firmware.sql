-- One firmware with its files and how many devices run it. $1 version, canonical
SELECT json_build_object(
    'version', f.version, 'ptype', f.ptype, 'current', f.is_current, 'corename', f.corename,
    'codename', f.codename, 'notes', f.notes, 'created_by', f.created_by,
    'created_at', to_char(f.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'devices', (SELECT count(*) FROM devices d WHERE d.ptype = f.ptype AND d.version = f.version),
    'images', (SELECT coalesce(json_agg(json_build_object('slot', c.slot, 'sha256', c.sha256, 'size', c.size)
                                        ORDER BY c.slot), '[]')
               FROM firmware_contents c WHERE c.firmware_id = f.firmware_id AND c.slot IS NOT NULL),
    'files', (SELECT coalesce(json_agg(json_build_object('name', c.name, 'sha256', c.sha256, 'size', c.size)
                                       ORDER BY c.slot, c.name), '[]')
              FROM firmware_contents c WHERE c.firmware_id = f.firmware_id),
    'sequence', f.sequence, 'requires', f.requires,
    'signatures', (SELECT coalesce(json_agg(json_build_object(
            'key', k.name, 'key_id', k.key_id, 'valid', k.revoked_at IS NULL, 'signature', encode(s.signature, 'hex'),
            'created_by', s.created_by,
            'created_at', to_char(s.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            ORDER BY k.created_at DESC, k.key_id), '[]')
        FROM firmware_signatures s JOIN public_keys k USING (key_id) WHERE s.firmware_id = f.firmware_id),
    'campaigns', (SELECT coalesce(json_agg(c.name ORDER BY c.campaign_id), '[]')
                  FROM campaigns c WHERE c.firmware_id = f.firmware_id))
FROM firmware f
WHERE f.version = $1
