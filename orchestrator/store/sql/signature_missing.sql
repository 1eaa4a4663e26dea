-- A product that requires a signature, when the release has none by a key in force. $1 firmware_id
SELECT p.name
FROM firmware f JOIN products p USING (ptype)
WHERE f.firmware_id = $1 AND p.require_signature AND lacks_signature($1)
ORDER BY p.name LIMIT 1
