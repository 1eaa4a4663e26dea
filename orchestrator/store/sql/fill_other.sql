-- The campaign of the ptype whose targets are being written: its name, how many are missing, of how many. $1 ptype
SELECT name, unwritten, members FROM campaigns WHERE ptype = $1 AND unwritten > 0 AND NOT settled LIMIT 1
