-- Whether this is the database that was served before. No row: a restore is at work.
SELECT coalesce(identity = database_identity(), false) FROM service
