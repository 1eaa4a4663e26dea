-- What the members of a policy keep in the database.

ALTER TABLE campaigns ADD COLUMN rate_now bigint; -- offers in any 60 s, as of the last offers; NULL: none yet

ALTER TABLE targets ADD COLUMN not_before timestamptz; -- pending, and waiting for its next attempt
CREATE INDEX targets_that_failed ON targets (campaign_id, attempt)
    WHERE state IN ('rejected', 'failed', 'reverted', 'silent');

-- Attempts that ended badly, of the last 30 days (core/policy.h, flapping).
CREATE TABLE device_failures (
    device_id   text COLLATE "C" NOT NULL REFERENCES devices ON DELETE CASCADE,
    at          timestamptz NOT NULL DEFAULT now(),
    campaign_id bigint NOT NULL REFERENCES campaigns
);
CREATE INDEX device_failures_by_device ON device_failures (device_id, at);

-- Devices that are offered nothing until then.
CREATE TABLE quarantines (
    device_id   text COLLATE "C" PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    since       timestamptz NOT NULL DEFAULT now(),
    until       timestamptz NOT NULL,
    campaign_id bigint NOT NULL REFERENCES campaigns,
    failures    integer NOT NULL
);

CREATE VIEW ops.quarantined_devices AS
SELECT q.device_id AS device, q.since, q.until, c.name AS campaign, q.failures
FROM quarantines q
JOIN campaigns c USING (campaign_id)
WHERE q.until > now();
GRANT SELECT ON ops.quarantined_devices TO ops_reader;

-- Where the policy has windows: the time zones its targets live in, '' the one of those that name none.
ALTER TABLE targets ADD COLUMN time_zone text NOT NULL DEFAULT '';
CREATE TABLE campaign_zones (
    campaign_id bigint NOT NULL REFERENCES campaigns,
    time_zone   text NOT NULL,
    PRIMARY KEY (campaign_id, time_zone)
);

-- When a campaign starts and ends, and what happens to the rest at its end.
ALTER TABLE campaigns
    ADD COLUMN start_at timestamptz,
    ADD COLUMN end_at   timestamptz,
    ADD COLUMN at_end   text NOT NULL DEFAULT 'cancel' CHECK (at_end IN ('cancel', 'pause')),
    ADD CHECK (end_at > start_at);

-- Who has approved what: point '' is the campaign's start, else the name of a wave.
CREATE TABLE approvals (
    campaign_id bigint NOT NULL REFERENCES campaigns,
    point       text NOT NULL,
    approver    text NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    reason      text NOT NULL DEFAULT '',
    PRIMARY KEY (campaign_id, point, approver)
);
