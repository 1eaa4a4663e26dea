-- What a release's manifest is made of, one row a file. $1 version, canonical
SELECT f.firmware_id, f.ptype, f.sequence, f.requires, c.name, c.size, c.sha256
FROM firmware f JOIN firmware_contents c USING (firmware_id) WHERE f.version = $1
