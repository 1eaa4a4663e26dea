-- A product that requires a signature, when the release has none by a key in force. $1 firmware_id
SELECT p.name
FROM firmware f JOIN products p USING (ptype)
WHERE f.firmware_id = $1 AND p.require_signature
  AND NOT EXISTS (SELECT FROM firmware_signatures s JOIN public_keys k USING (key_id)
                  WHERE s.firmware_id = f.firmware_id AND k.revoked_at IS NULL)
ORDER BY p.name LIMIT 1
