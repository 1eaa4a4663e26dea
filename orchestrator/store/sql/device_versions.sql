-- The versions that devices of a ptype run. $1 ptype
SELECT DISTINCT version FROM devices WHERE ptype = $1 AND version IS NOT NULL ORDER BY version
