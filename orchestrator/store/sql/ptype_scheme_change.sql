-- The scheme of a ptype and of all its products. $1 ptype, $2 scheme
UPDATE ptypes SET version_scheme = $2 WHERE ptype = $1
