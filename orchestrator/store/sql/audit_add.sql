-- actor, action, object, reason, detail
INSERT INTO audit (actor, action, object, reason, detail) VALUES ($1, $2, $3, $4, $5::jsonb)
