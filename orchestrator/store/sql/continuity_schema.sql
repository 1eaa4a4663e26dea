-- After migrations: how many foreign keys make the schema whole.
UPDATE service SET foreign_keys = schema_foreign_keys()
WHERE identity = database_identity() AND foreign_keys IS DISTINCT FROM schema_foreign_keys()
