-- version, ptype, order, class, notes, actor, corename, codename
INSERT INTO firmware (version, ptype, version_order, fota_class, notes, created_by, corename, codename)
VALUES ($1, $2, $3, $4::"char", $5, $6, $7, $8)
RETURNING firmware_id
