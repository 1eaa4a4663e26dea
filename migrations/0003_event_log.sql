-- The event log (append-only, one partition a month), the audit, and reports that changed nothing.

CREATE TABLE events (
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    event_id    bigint GENERATED ALWAYS AS IDENTITY,
    subject     text NOT NULL CHECK (subject IN ('campaign', 'wave', 'target')),
    campaign_id bigint NOT NULL,
    wave        smallint,
    device_id   text COLLATE "C",
    attempt     smallint,
    from_state  text NOT NULL,
    to_state    text NOT NULL,
    reason      text NOT NULL DEFAULT '',
    PRIMARY KEY (at, event_id),
    CHECK ((subject = 'target') = (device_id IS NOT NULL))
) PARTITION BY RANGE (at);
CREATE INDEX events_by_device ON events (device_id, at) WHERE device_id IS NOT NULL;
CREATE INDEX events_by_campaign ON events (campaign_id, at);
CREATE TABLE events_default PARTITION OF events DEFAULT;

-- Makes the partitions of this month and the next, and drops those that ended more than retention_days ago. Returns how many
-- were made and dropped.
CREATE FUNCTION maintain_event_partitions(retention_days integer, OUT made integer, OUT dropped integer)
LANGUAGE plpgsql AS $$
DECLARE
    month     timestamptz;
    partition text;
BEGIN
    made := 0;
    dropped := 0;
    PERFORM pg_advisory_xact_lock(hashtext('maintain_event_partitions'));
    FOR ahead IN 0..1 LOOP
        month := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead)) AT TIME ZONE 'UTC';
        partition := 'events_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass(partition) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)', partition, month,
                           (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
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
END
$$;
SELECT maintain_event_partitions(36500);

CREATE TABLE audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    actor    text NOT NULL, -- a token's name, or "orchestrator"
    action   text NOT NULL,
    object   text NOT NULL,
    reason   text NOT NULL DEFAULT '',
    detail   jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE rejected_reports (
    kind        text PRIMARY KEY CHECK (kind IN ('bad_topic', 'too_large', 'not_json', 'bad_member', 'device_mismatch',
                'unknown_device', 'unknown_target', 'stale_attempt', 'out_of_order', 'nonce_mismatch',
                'image_mismatch')),
    count       bigint NOT NULL DEFAULT 0,
    last_device text,
    last_at     timestamptz
);
INSERT INTO rejected_reports (kind)
VALUES ('bad_topic'), ('too_large'), ('not_json'), ('bad_member'), ('device_mismatch'), ('unknown_device'),
       ('unknown_target'), ('stale_attempt'), ('out_of_order'), ('nonce_mismatch'), ('image_mismatch');
