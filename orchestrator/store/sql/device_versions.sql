-- The versions that devices of a ptype run. $1 ptype
SELECT DISTINCT version FROM ops.fleet_by_version WHERE ptype = $1 AND version <> 'unknown' ORDER BY version
