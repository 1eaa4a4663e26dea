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

-- Beside tags and devices a campaign may have a selector (core/selector): as written, and as the engine has read it.
ALTER TABLE campaigns
    ADD COLUMN selector text NOT NULL DEFAULT '',
    ADD COLUMN plan_id  bigint;

-- Every device of a ptype, and why a campaign may not take it: the first reason that holds, NULL where it may. Versions are those
-- that the engine accepts (the rule, lower than the firmware, class o or a); stranded are those of them from which no stepping stones
-- lead to the firmware.
CREATE FUNCTION judged_devices(wanted_ptype integer, wanted_versions text[], wanted_tags text[], wanted_devices text[],
                               wanted_groups json, wanted_firmware bigint, stranded_versions text[])
RETURNS TABLE (device_id text, version text, image_sha256 text, slot smallint, tags text[], left_out text)
LANGUAGE sql STABLE AS $$
    WITH groups AS MATERIALIZED (
        SELECT * FROM json_to_recordset(wanted_groups) AS g(
            tags text[], no_tags text[], products text[], no_products text[], maps text[], no_maps text[],
            flash_kb integer[], no_flash_kb integer[], online boolean[],
            seen_within double precision, not_seen_within double precision, hash_below integer, hash_from integer)),
    wanted AS MATERIALIZED (
        SELECT fw.version_order, (SELECT max(b.size) FROM images i JOIN image_bytes b USING (sha256)
                                  WHERE i.firmware_id = fw.firmware_id) AS largest
        FROM firmware fw WHERE fw.firmware_id = wanted_firmware)
    SELECT d.device_id, d.version, d.image_sha256, d.slot, d.tags,
           CASE WHEN NOT d.tags @> wanted_tags OR wanted_devices <> '{}' AND NOT d.device_id = ANY (wanted_devices)
                     -- Any group is enough. What is not known of a device is false.
                     OR wanted_groups IS NOT NULL AND NOT EXISTS (
                        SELECT FROM groups g
                        WHERE d.tags @> g.tags AND NOT d.tags && g.no_tags
                          AND p.name = ALL (g.products) AND p.name <> ALL (g.no_products)
                          AND coalesce(d.flash_map, '') = ALL (g.maps) AND coalesce(d.flash_map, '') <> ALL (g.no_maps)
                          AND coalesce(d.flash_kb, 0) = ALL (g.flash_kb) AND coalesce(d.flash_kb, 0) <> ALL (g.no_flash_kb)
                          AND coalesce(s.online, false) = ALL (g.online)
                          AND (g.seen_within IS NULL
                               OR coalesce(s.last_seen > now() - make_interval(secs => g.seen_within), false))
                          AND (g.not_seen_within IS NULL
                               OR NOT coalesce(s.last_seen > now() - make_interval(secs => g.not_seen_within), false))
                          -- Part of a fixed order of all devices, the same in every campaign.
                          AND (g.hash_below IS NULL OR abs(hashtextextended(d.device_id, 0) % 10000) < g.hash_below)
                          AND (g.hash_from IS NULL OR abs(hashtextextended(d.device_id, 0) % 10000) >= g.hash_from))
                     THEN 'not_selected'
                WHEN d.version IS NULL THEN 'version_not_known'
                WHEN d.version = ANY (stranded_versions) THEN 'no_path'
                WHEN NOT d.version = ANY (wanted_versions) THEN 'version'
                WHEN p.max_version_order < f.version_order THEN 'above_ceiling'
                WHEN d.image_max < f.largest THEN 'too_large'
                WHEN q.device_id IS NOT NULL THEN 'quarantined'
                WHEN t.device_id IS NOT NULL THEN 'other_campaign'
           END
    FROM devices d
    JOIN products p USING (product_id)
    CROSS JOIN wanted f
    LEFT JOIN presence s USING (device_id)
    LEFT JOIN quarantines q ON q.device_id = d.device_id AND q.until > now()
    -- At most one: targets_one_live_per_device.
    LEFT JOIN targets t ON t.device_id = d.device_id
         AND t.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial')
    WHERE d.ptype = wanted_ptype
$$;

-- What a campaign would do, kept for a while so that a campaign can do exactly that.
CREATE TABLE plans (
    plan_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    firmware_id bigint NOT NULL REFERENCES firmware ON DELETE CASCADE,
    from_rule   text NOT NULL,
    tags        text[] NOT NULL,
    devices     text[] NOT NULL,
    selector    text NOT NULL,
    policy      json NOT NULL,
    seed        bigint NOT NULL,
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    least_seconds bigint NOT NULL DEFAULT 0,
    paths       json NOT NULL DEFAULT '[]'
);

CREATE TABLE plan_devices (
    plan_id   bigint NOT NULL REFERENCES plans ON DELETE CASCADE,
    position  integer NOT NULL,
    wave      smallint NOT NULL,
    device_id text COLLATE "C" NOT NULL REFERENCES devices ON DELETE CASCADE,
    PRIMARY KEY (plan_id, position)
);

CREATE TABLE plan_left_out (
    plan_id   bigint NOT NULL REFERENCES plans ON DELETE CASCADE,
    device_id text COLLATE "C" NOT NULL REFERENCES devices ON DELETE CASCADE,
    reason    text NOT NULL,
    PRIMARY KEY (plan_id, device_id)
);

-- The stepping stones of a campaign, where there are any, by what devices ran when it was planned. hop counts from 1; the last is the
-- campaign's firmware.
CREATE TABLE campaign_paths (
    campaign_id  bigint NOT NULL REFERENCES campaigns,
    from_version text NOT NULL,
    hop          smallint NOT NULL,
    firmware_id  bigint NOT NULL REFERENCES firmware,
    version      text NOT NULL,
    PRIMARY KEY (campaign_id, from_version, hop)
);
ALTER TABLE targets
    ADD COLUMN path_from    text,                        -- its way; NULL: straight
    ADD COLUMN hop          smallint NOT NULL DEFAULT 0, -- hops done; to_version and firmware_id are those of the next
    ADD COLUMN attempt_base smallint NOT NULL DEFAULT 0; -- attempts of the hops done
