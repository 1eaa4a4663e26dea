-- Evidence: up to when everything that devices said is stored, and when nobody could hear them. A deadline is judged only against
-- evidence that is complete up to it (docs/architecture.md, "Evidence").

-- Every orchestrator that takes reports. The row of a dead or frozen one stays, and holds the judgement back, until another one has had
-- the broker drop its connections.
CREATE TABLE orchestrators (
    orchestrator_id text PRIMARY KEY,
    client_ids      text[] NOT NULL,      -- of its connections with the broker
    lease_until     timestamptz NOT NULL, -- then another one takes its place
    watermark       timestamptz,          -- every report that the broker gave it before is stored; NULL: it takes no reports
    connected_since timestamptz,          -- its connections with the broker have not broken since; NULL: they are broken
    beat_at         timestamptz           -- when database and broker last answered it
);

-- Intervals in which reports may have been lost. Where the clock stood still nobody could be heard: the service clock, by which deadlines
-- go, leaves the interval out. Else one orchestrator alone was away.
CREATE TABLE outages (
    outage_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part              text NOT NULL CONSTRAINT outages_part_check CHECK (part IN ('orchestrator', 'broker', 'database')),
    clock_stood_still boolean NOT NULL,
    began             timestamptz NOT NULL,
    ended             timestamptz NOT NULL CHECK (ended >= began),
    service_at        timestamptz NOT NULL, -- what the service clock showed as it began
    asked_at          timestamptz,          -- when every device in flight was put down to be asked for a hello; NULL: not yet
    orchestrator_id   text NOT NULL         -- who recorded it, or whose place was taken
);
CREATE INDEX outages_by_end ON outages (ended);
CREATE INDEX outages_not_asked ON outages (outage_id) WHERE asked_at IS NULL;
CREATE INDEX outages_by_service_clock ON outages (service_at) WHERE clock_stood_still;
CREATE INDEX outages_by_begin ON outages (began) WHERE clock_stood_still;

-- One row: what all orchestrators share.
CREATE TABLE service (
    only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    served_until   timestamptz,                        -- the newest beat of any orchestrator
    away           double precision NOT NULL DEFAULT 0 CHECK (away >= 0), -- seconds of all outages: the service clock is now() less these
    outage_ended   timestamptz,                        -- the newest outage in which the clock stood still
    heard_since    timestamptz,                        -- a device not heard of since is asked before it is offered anything
    census_wanted  timestamptz,                        -- the retained presence messages are to be read, for what was lost up to then
    census_done    timestamptz,                        -- they were last read from then on
    census_by      text,                               -- who reads them
    census_lease   timestamptz                         -- for as long
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
-- Before this migration nobody noted when the service was there: the last sign of a device is the best there is.
INSERT INTO service (served_until) SELECT greatest((SELECT max(last_seen) FROM presence), (SELECT max(state_at) FROM targets WHERE in_flight));

-- The service clock: the database's time less all outages. In an interval without service that is not recorded yet it stands still already.
CREATE FUNCTION service_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN clock_timestamp() - served_until > interval '3 seconds' THEN served_until ELSE clock_timestamp() END - make_interval(secs => away)
    FROM service
$$;

-- A moment of the service clock, such as a deadline, as the clock on the wall will show it unless there is another outage.
CREATE FUNCTION wall_clock(service_clock timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT service_clock + make_interval(secs => away) FROM service
$$;

-- Presence with sessions. A device is reachable when it is online and the hello of its present session is stored; only then is it offered
-- anything.
ALTER TABLE presence
    ADD COLUMN awaits_hello boolean NOT NULL DEFAULT false, -- online, and the hello of this session is not stored yet
    ADD COLUMN session      text,                           -- BOOTID.N of the present connection; NULL: its firmware does not say
    ADD COLUMN session_over boolean NOT NULL DEFAULT false, -- its end has been reported
    ADD COLUMN boots        text NOT NULL DEFAULT '',       -- the last four BOOTIDs, the newest first
    ADD COLUMN hello_at     timestamptz,                    -- when the last hello was stored
    ADD COLUMN resumed_at   timestamptz,                    -- the first hello since the newest outage
    ADD COLUMN probed_at    timestamptz;                    -- asked whether it is there, and not answered yet
CREATE INDEX presence_awaited ON presence (device_id) WHERE online AND awaits_hello;
CREATE INDEX presence_probed ON presence (device_id) WHERE probed_at IS NOT NULL;

-- Attempts, of this hop, that an outage has cost: neither counted nor part of the policy's retries.
ALTER TABLE targets
    ADD COLUMN outage_attempts smallint NOT NULL DEFAULT 0 CHECK (outage_attempts BETWEEN 0 AND 2),
    -- An outcome that an outage of ours may explain (docs/protocol.md, "Outages"). It changes with an outcome alone (migration 0016).
    ADD COLUMN explainable boolean NOT NULL GENERATED ALWAYS AS (
        state = 'failed' AND reason IN ('download_timeout', 'connection_lost', 'http_status')
        OR state = 'reverted' AND reason IN ('confirm_timeout', 'no_connection')) STORED;
CREATE INDEX targets_explainable ON targets (campaign_id) WHERE explainable;

-- What keeps failing for one campaign alone; NULL: nothing.
ALTER TABLE campaigns ADD COLUMN tick_error text, ADD COLUMN tick_error_at timestamptz;

-- For dashboards: a contract (docs/operations.md).
CREATE VIEW ops.outages AS
SELECT began, ended, extract(epoch FROM ended - began) AS seconds, part, clock_stood_still, orchestrator_id AS orchestrator
FROM outages;
CREATE VIEW ops.orchestrators AS
SELECT orchestrator_id AS orchestrator, lease_until > clock_timestamp() AS alive, connected_since IS NOT NULL AS connected, connected_since,
       watermark, extract(epoch FROM clock_timestamp() - watermark) AS watermark_age_seconds
FROM orchestrators;
GRANT SELECT ON ops.outages, ops.orchestrators TO ops_reader;

-- Deadlines as the wall's clock will show them, and the evidence by which they are judged.
CREATE OR REPLACE VIEW ops.stuck_devices AS
WITH opened AS MATERIALIZED (
    SELECT c.name, w.campaign_id, w.wave, w.pending
    FROM waves w JOIN campaigns c USING (campaign_id)
    WHERE c.state = 'running' AND w.state <> 'pending' AND w.pending > 0),
clock AS MATERIALIZED (SELECT now() - make_interval(secs => away) AS now, make_interval(secs => away) AS away FROM service)
SELECT c.name AS campaign, t.device_id AS device, t.wave, t.state, t.attempt, t.state_at AS since,
       t.deadline + (SELECT away FROM clock) AS deadline, p.online, p.last_seen,
       CASE WHEN t.deadline < (SELECT now FROM clock) THEN 'past its deadline'
            WHEN t.withdrawn THEN 'told to stop, not answered yet'
            ELSE 'offline in the middle of an update' END AS why
FROM targets t
JOIN campaigns c USING (campaign_id)
JOIN presence p USING (device_id)
WHERE t.in_flight AND (t.deadline < (SELECT now FROM clock) OR t.withdrawn OR NOT p.online)
UNION ALL
SELECT o.name, t.device_id, t.wave, t.state, t.attempt, t.state_at, t.deadline, p.online, p.last_seen,
       'offline, waiting to be offered'
FROM opened o
CROSS JOIN LATERAL (SELECT t.device_id, t.wave, t.state, t.attempt, t.state_at, t.deadline FROM targets t
                    WHERE t.campaign_id = o.campaign_id AND t.wave = o.wave AND t.waiting
                    ORDER BY t.campaign_id, t.wave, t.position LIMIT 1000) t
CROSS JOIN LATERAL (SELECT p.online, p.last_seen FROM presence p WHERE p.device_id = t.device_id AND NOT p.online OFFSET 0) p
WHERE (SELECT sum(pending) <= 1000 FROM opened)
UNION ALL
SELECT o.name, t.device_id, t.wave, t.state, t.attempt, t.state_at, t.deadline, p.online, p.last_seen,
       'offline, waiting to be offered'
FROM presence p
CROSS JOIN LATERAL (SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, t.state_at, t.deadline FROM targets t
                    WHERE t.device_id = p.device_id AND t.live AND t.waiting OFFSET 0) t
JOIN opened o USING (campaign_id, wave)
WHERE (SELECT sum(pending) > 1000 FROM opened) AND NOT p.online;
