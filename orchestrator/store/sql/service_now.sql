-- The service clock (migration 0025): Unix seconds; and whether this is the database that was served before. No row: a restore is at work.
SELECT extract(epoch FROM service_clock()), coalesce(identity = database_identity(), true) FROM service
