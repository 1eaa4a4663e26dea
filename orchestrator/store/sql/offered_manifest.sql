-- What a device is told of a release: its place, and two signatures by keys in force, the newest keys first.
-- $1 ptype, $2 version
SELECT f.sequence, f.requires, s.digits[1], s.digits[2]
FROM firmware f
CROSS JOIN LATERAL (SELECT array_agg(encode(s.signature, 'hex') ORDER BY k.created_at DESC, k.key_id) AS digits
                    FROM firmware_signatures s JOIN public_keys k USING (key_id)
                    WHERE s.firmware_id = f.firmware_id AND k.revoked_at IS NULL) s
WHERE f.ptype = $1 AND f.version = $2
