-- version, ptype, type, value, class, notes, actor, corename, codename
INSERT INTO firmware (version, ptype, version_type, version_value, fota_class, notes, created_by, corename, codename)
VALUES ($1, $2, $3::"char", $4, $5::"char", $6, $7, $8, $9)
RETURNING firmware_id
