-- PostgreSQL compiles (jit) what it thinks costly: views over a million devices take three times as long with it. Whoever may not set this for the
-- database reads them all the same.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
EXCEPTION
    WHEN insufficient_privilege THEN
        NULL;
END
$$;
