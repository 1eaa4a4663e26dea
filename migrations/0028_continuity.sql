-- Whether this is the database that was served before: after a restore, or behind a standby that has been promoted, it may have lost what devices
-- and operators did last (docs/architecture.md, "Another database").
ALTER TABLE service
    ADD COLUMN identity        text,             -- of the database, when it was last served; NULL: not served yet since this migration
    ADD COLUMN foreign_keys    bigint,           -- how many its schema has: a restore makes them last
    ADD COLUMN discontinued_at timestamptz,      -- it turned out to be another one; a device is offered nothing before its hello since then
    ADD COLUMN offers_held     boolean NOT NULL DEFAULT false, -- until every device in flight has been asked
    ADD COLUMN fleet_asked_to  text COLLATE "C", -- the whole fleet is being asked, in the order of ids, as far as this; NULL: it is not
    ADD COLUMN fleet_asked_at  timestamptz;

-- It changes with the cluster (system identifier), with a promotion (timeline), and where a dump is restored (the table's oid). Where a provider keeps
-- the first two from its customers, the rest has to do.
CREATE FUNCTION database_identity() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    cluster  text := '?';
    timeline text := '?';
BEGIN
    IF has_function_privilege('pg_control_system()', 'EXECUTE') THEN
        SELECT system_identifier INTO cluster FROM pg_control_system();
    END IF;
    IF pg_is_in_recovery() THEN
        timeline := 'standby';
    ELSIF has_function_privilege('pg_walfile_name(pg_lsn)', 'EXECUTE') AND has_function_privilege('pg_current_wal_lsn()', 'EXECUTE') THEN
        timeline := left(pg_walfile_name(pg_current_wal_lsn()), 8);
    END IF;
    RETURN concat_ws('/', cluster, timeline, (SELECT oid FROM pg_database WHERE datname = current_database()), to_regclass('service')::oid);
END $$;

-- Without those of partitions, which come and go.
CREATE FUNCTION schema_foreign_keys() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT count(*) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace
$$;
