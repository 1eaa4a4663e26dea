-- Clocks by name (docs/architecture.md, "Clocks"). The campaign's clock is the service clock while the campaign runs: soaks and retries go by
-- it. How long a member has waited is counted only while it could have been offered something.
ALTER TABLE campaigns
    ADD COLUMN stood_still  double precision NOT NULL DEFAULT 0 CHECK (stood_still >= 0), -- seconds of the service clock in which it did not run
    ADD COLUMN stands_since timestamptz;                                                 -- service clock; NULL: it runs, or has not begun
UPDATE campaigns SET stands_since = service_clock() WHERE state NOT IN ('draft', 'awaiting_approval', 'scheduled', 'running');
-- What was noted by the clock on the wall, by the campaign's.
UPDATE waves SET soak_until = soak_until - make_interval(secs => (SELECT away FROM service)) WHERE soak_until IS NOT NULL;
UPDATE targets SET not_before = not_before - make_interval(secs => (SELECT away FROM service)) WHERE not_before IS NOT NULL;

CREATE FUNCTION campaign_clock(stood_still double precision, stands_since timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(stands_since, service_clock()) - make_interval(secs => stood_still)
$$;
-- A moment of the campaign's clock as the clock on the wall will show it, if nothing stands still from now on.
CREATE FUNCTION campaign_wall_clock(moment timestamptz, stood_still double precision, stands_since timestamptz)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT clock_timestamp() + (moment - campaign_clock(stood_still, stands_since))
$$;

-- When the members of a campaign in one time zone could be offered something: the campaign ran, its windows were open there, and devices had had
-- their time to connect again after an outage. The ticker writes down what it sees; in a row both clocks go on with the wall's.
CREATE TABLE offer_times (
    campaign_id bigint NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    time_zone   text NOT NULL,             -- as in targets
    began       timestamptz NOT NULL,
    ended       timestamptz NOT NULL CHECK (ended >= began),
    open_before double precision NOT NULL, -- seconds of all earlier rows, also of those that are gone
    clock_began timestamptz NOT NULL,      -- what the campaign's clock showed as it began
    PRIMARY KEY (campaign_id, time_zone, began)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- What an attempt's deadline has been moved for (docs/protocol.md, "Timing").
ALTER TABLE targets
    ADD COLUMN rebooted boolean NOT NULL DEFAULT false,                                   -- its device has forgotten the attempt since it was taken
    ADD COLUMN boot     text,                                                             -- BOOTID of the hello that moved the deadline last
    ADD COLUMN restarts smallint NOT NULL DEFAULT 0 CHECK (restarts BETWEEN 0 AND 3),     -- times that it was taken anew
    ADD COLUMN boots    smallint NOT NULL DEFAULT 0 CHECK (boots BETWEEN 0 AND 9),        -- of its trials
    ADD COLUMN retrials smallint NOT NULL DEFAULT 0 CHECK (retrials BETWEEN 0 AND 3);     -- trials that ended without a verdict

-- Up to when what the database has now was served, before it turned out to be another one (discontinued_at).
ALTER TABLE service ADD COLUMN served_before timestamptz;

-- Soaks as the wall's clock will show their end.
CREATE OR REPLACE VIEW ops.wave_progress AS
SELECT c.name AS campaign, c.campaign_id, w.wave, w.name AS wave_name, w.state, w.verdict, w.members,
       w.pending, w.offered, w.accepted, w.downloading, w.installed, w.trial,
       w.confirmed, w.rejected, w.failed, w.reverted, w.silent, w.cancelled, w.skipped,
       w.offered + w.accepted + w.downloading + w.installed + w.trial AS in_flight,
       w.failed + w.reverted + w.silent AS failures,
       w.excused, w.opened_at, campaign_wall_clock(w.soak_until, c.stood_still, c.stands_since) AS soak_until, w.ended_at
FROM waves w
JOIN campaigns c USING (campaign_id);
