-- One public key, as PEM, and the releases that it has signed. $1 name
SELECT json_build_object(
    'name', k.name, 'key_id', k.key_id, 'revoked', k.revoked_at IS NOT NULL, 'created_by', k.created_by,
    'created_at', to_char(k.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'revoked_at', to_char(k.revoked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'public_key', format(E'-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n', regexp_replace(
        replace(encode(k.public_key, 'base64'), E'\n', ''), '(.{64})', E'\\1\n', 'g')),
    'firmware', (SELECT coalesce(json_agg(f.version ORDER BY f.firmware_id), '[]')
                 FROM firmware_signatures s JOIN firmware f USING (firmware_id) WHERE s.key_id = k.key_id))
FROM public_keys k WHERE k.name = $1
