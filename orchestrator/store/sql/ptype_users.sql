-- What is written in the scheme of a ptype: its releases, and its devices that run a version. $1 ptype
SELECT (SELECT count(*) FROM firmware WHERE ptype = $1), (SELECT count(*) FROM devices WHERE ptype = $1 AND version IS NOT NULL)
