-- version, ptype, type, value, class, notes, actor
INSERT INTO firmware (version, ptype, version_type, version_value, fota_class, notes, created_by)
VALUES ($1, $2, $3::"char", $4, $5::"char", $6, $7)
RETURNING firmware_id
