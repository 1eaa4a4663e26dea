-- Campaigns, their waves with counters, and their targets. The state names are those of core/campaign_fsm and
-- core/target_fsm; a test compares them.

CREATE TABLE campaigns (
    campaign_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL CONSTRAINT campaigns_name_unique UNIQUE
                 CHECK (name ~ '^[A-Za-z][A-Za-z0-9._-]{0,79}$'),
    kind         text NOT NULL DEFAULT 'update' CHECK (kind IN ('update', 'rollback')),
    parent_id    bigint REFERENCES campaigns,
    firmware_id  bigint REFERENCES firmware, -- NULL in a rollback: each target has its own
    ptype        integer NOT NULL,
    from_rule    text NOT NULL DEFAULT '',
    tags         text[] NOT NULL DEFAULT '{}',
    policy       json NOT NULL,
    seed         bigint NOT NULL, -- orders the membership
    state        text NOT NULL DEFAULT 'draft' CONSTRAINT campaigns_state_check CHECK (state IN (
                 'draft', 'awaiting_approval', 'scheduled', 'running', 'paused', 'halted', 'rolling_back',
                 'rolled_back', 'completed', 'cancelled')),
    state_reason text NOT NULL DEFAULT '',
    state_at     timestamptz NOT NULL DEFAULT now(),
    settled      boolean NOT NULL DEFAULT false, -- ended, and nothing is in flight any more
    members      integer NOT NULL DEFAULT 0 CHECK (members >= 0),
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    ended_at     timestamptz,
    rate_tokens  double precision NOT NULL DEFAULT 0 CHECK (rate_tokens >= 0), -- the rate's ledger (core/ramp)
    rate_at      timestamptz,
    CHECK ((kind = 'rollback') = (parent_id IS NOT NULL)),
    CHECK ((kind = 'update') = (firmware_id IS NOT NULL))
);
CREATE INDEX campaigns_unsettled ON campaigns (campaign_id) WHERE NOT settled;
CREATE UNIQUE INDEX campaigns_one_live_rollback ON campaigns (parent_id) WHERE kind = 'rollback' AND NOT settled;

CREATE TABLE waves (
    campaign_id bigint NOT NULL REFERENCES campaigns,
    wave        smallint NOT NULL CHECK (wave >= 0),
    name        text NOT NULL,
    state       text NOT NULL DEFAULT 'pending' CONSTRAINT waves_state_check CHECK (state IN (
                'pending', 'open', 'soaking', 'passed', 'failed')),
    verdict     text NOT NULL DEFAULT '', -- the gate's last words
    excused     integer NOT NULL DEFAULT 0 CHECK (excused >= 0), -- failures an operator resumed over
    opened_at   timestamptz,
    soak_until  timestamptz,
    ended_at    timestamptz,
    members     integer NOT NULL CHECK (members >= 0),
    pending     integer NOT NULL DEFAULT 0 CHECK (pending >= 0),
    offered     integer NOT NULL DEFAULT 0 CHECK (offered >= 0),
    accepted    integer NOT NULL DEFAULT 0 CHECK (accepted >= 0),
    downloading integer NOT NULL DEFAULT 0 CHECK (downloading >= 0),
    installed   integer NOT NULL DEFAULT 0 CHECK (installed >= 0),
    trial       integer NOT NULL DEFAULT 0 CHECK (trial >= 0),
    confirmed   integer NOT NULL DEFAULT 0 CHECK (confirmed >= 0),
    rejected    integer NOT NULL DEFAULT 0 CHECK (rejected >= 0),
    failed      integer NOT NULL DEFAULT 0 CHECK (failed >= 0),
    reverted    integer NOT NULL DEFAULT 0 CHECK (reverted >= 0),
    silent      integer NOT NULL DEFAULT 0 CHECK (silent >= 0),
    cancelled   integer NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    skipped     integer NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    PRIMARY KEY (campaign_id, wave),
    CONSTRAINT waves_counters_add_up CHECK (members = pending + offered + accepted + downloading + installed + trial
        + confirmed + rejected + failed + reverted + silent + cancelled + skipped)
) WITH (fillfactor = 50);

CREATE TABLE targets (
    campaign_id  bigint NOT NULL,
    device_id    text COLLATE "C" NOT NULL REFERENCES devices,
    wave         smallint NOT NULL,
    position     integer NOT NULL, -- order within the campaign
    state        text NOT NULL DEFAULT 'pending' CONSTRAINT targets_state_check CHECK (state IN (
                 'pending', 'offered', 'accepted', 'downloading', 'installed', 'trial', 'confirmed', 'rejected',
                 'failed', 'reverted', 'silent', 'cancelled', 'skipped')),
    attempt      smallint NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    nonce        text CHECK (nonce ~ '^[0-9a-f]{16}$'),
    withdrawn    boolean NOT NULL DEFAULT false, -- a cancel is out for this attempt
    from_version text NOT NULL,                  -- what ran when the membership was frozen
    from_sha256  text,
    to_version   text NOT NULL,
    firmware_id  bigint REFERENCES firmware,     -- NULL in a rollback to a version that was never uploaded
    flip_sha256  text,                           -- in a rollback: the image that should still be in the other slot
    progress     smallint NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    reason       text NOT NULL DEFAULT '',
    state_at     timestamptz NOT NULL DEFAULT now(),
    sent_at      timestamptz, -- when its command was last published
    deadline     timestamptz,
    PRIMARY KEY (campaign_id, device_id),
    FOREIGN KEY (campaign_id, wave) REFERENCES waves,
    CONSTRAINT targets_in_flight_has_deadline CHECK (
        (state IN ('offered', 'accepted', 'downloading', 'installed', 'trial')) = (deadline IS NOT NULL)),
    CHECK (deadline IS NULL OR (nonce IS NOT NULL AND attempt > 0))
) WITH (fillfactor = 70);
CREATE INDEX targets_to_offer ON targets (campaign_id, wave, position) WHERE state = 'pending';
CREATE INDEX targets_by_deadline ON targets (campaign_id, deadline) WHERE deadline IS NOT NULL;
CREATE INDEX targets_by_device ON targets (device_id);
-- One device is in at most one live campaign.
CREATE UNIQUE INDEX targets_one_live_per_device ON targets (device_id)
    WHERE state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial');

-- The devices that a campaign may take, in its order. A version code is value * 2 + (1 for v, 0 for b): those a selector's version rule
-- matches are worked out by core/version_rule, so that the rule has one meaning only. Left out: devices whose version is
-- not known, that cannot be upgraded online, or that are in another live campaign.
CREATE FUNCTION eligible_devices(wanted_ptype integer, version_codes integer[], wanted_tags text[], seed bigint)
RETURNS TABLE (device_id text, version text, image_sha256 text, place bigint)
LANGUAGE sql STABLE AS $$
    SELECT d.device_id, d.version, d.image_sha256,
           row_number() OVER (ORDER BY hashtextextended(d.device_id, seed), d.device_id)
    FROM devices d
    WHERE d.ptype = wanted_ptype
      AND d.version_value * 2 + (d.version_type = 'v')::integer = ANY (version_codes)
      AND d.fota_class IN ('o', 'a')
      AND d.tags @> wanted_tags
      AND NOT EXISTS (SELECT FROM targets t WHERE t.device_id = d.device_id
                      AND t.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial'))
$$;
