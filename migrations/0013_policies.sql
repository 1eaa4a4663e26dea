-- What the members of a policy keep in the database.

ALTER TABLE campaigns ADD COLUMN rate_now bigint; -- offers in any 60 s, as of the last offers; NULL: none yet
