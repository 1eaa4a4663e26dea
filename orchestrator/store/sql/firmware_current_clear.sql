-- No release of the ptype is current any more; the one that was. $1 ptype
UPDATE firmware SET is_current = false WHERE ptype = $1 AND is_current RETURNING version
