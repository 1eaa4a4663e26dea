-- Bytes that no release uses any more. $1 sha256
DELETE FROM image_bytes b
WHERE b.sha256 = $1
  AND NOT EXISTS (SELECT FROM images i WHERE i.sha256 = b.sha256)
  AND NOT EXISTS (SELECT FROM firmware_files f WHERE f.sha256 = b.sha256)
