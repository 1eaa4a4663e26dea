-- Uploads, deletions and changes of the current release come one after the other: which bytes are shared, and which release was
-- current before, then cannot change in between.
SELECT pg_advisory_xact_lock(hashtext('firmware catalogue'))
