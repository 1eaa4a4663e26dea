-- A clock that the test moves on: whatever calls now() or clock_timestamp() finds these before PostgreSQL's own. So minutes pass in
-- no time, for all orchestrators alike. A sequence, since it is seen at once and by everyone, as time is. Before the migrations,
-- whose defaults take the functions that there are.
CREATE SEQUENCE clock_seconds MINVALUE 0 START 0;
CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT pg_catalog.clock_timestamp() + make_interval(secs => last_value) FROM clock_seconds
$$;
CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.now() + make_interval(secs => last_value) FROM clock_seconds
$$;
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
END
$$
