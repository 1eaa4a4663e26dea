-- An orchestrator that was off for more than a month writes its first events before their partition is made: into the
-- default one, where they would keep that partition, and every later one, from being made. They move into it.

CREATE OR REPLACE FUNCTION maintain_event_partitions(retention_days integer, OUT made integer, OUT dropped integer)
LANGUAGE plpgsql AS $$
DECLARE
    month     timestamptz;
    month_end timestamptz;
    partition text;
BEGIN
    made := 0;
    dropped := 0;
    PERFORM pg_advisory_xact_lock(hashtext('maintain_event_partitions'));
    FOR ahead IN 0..1 LOOP
        month := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead)) AT TIME ZONE 'UTC';
        month_end := (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
        partition := 'events_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass(partition) IS NULL THEN
            LOCK TABLE events_default IN ACCESS EXCLUSIVE MODE; -- nothing more may go there between move and attach
            EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
            EXECUTE format('WITH moved AS (DELETE FROM events_default WHERE at >= %L AND at < %L RETURNING *)
                            INSERT INTO %I SELECT * FROM moved', month, month_end, partition);
            EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition, month,
                           month_end);
            made := made + 1;
        END IF;
    END LOOP;
    FOR partition IN
        SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = 'events'::regclass AND child.relname ~ '^events_\d{4}_\d{2}$'
          AND (to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC'
              < now() - make_interval(days => retention_days)
    LOOP
        EXECUTE format('DROP TABLE %I', partition);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM events_default WHERE at < now() - make_interval(days => retention_days);
END
$$;
