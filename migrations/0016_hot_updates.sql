-- Updates that write no index. PostgreSQL keeps an update off the indexes (HOT) when no column that any of them uses, in its
-- key or its condition, changes its value. A target's state and deadline change with every report; these columns do not
-- between an offer's acceptance and its outcome. Queries and conditions of indexes ask for them.

ALTER TABLE targets
    ADD COLUMN waiting boolean NOT NULL GENERATED ALWAYS AS (state = 'pending' AND NOT queued) STORED,
    ADD COLUMN in_flight boolean NOT NULL GENERATED ALWAYS AS (deadline IS NOT NULL) STORED,
    ADD COLUMN live boolean NOT NULL GENERATED ALWAYS AS (
        state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial') AND NOT queued) STORED,
    ADD COLUMN ended_badly boolean NOT NULL GENERATED ALWAYS AS (
        state IN ('rejected', 'failed', 'reverted', 'silent')) STORED;

DROP INDEX targets_to_offer, targets_by_deadline, targets_that_failed, targets_one_live_per_device;
CREATE INDEX targets_to_offer ON targets (campaign_id, wave, position) WHERE waiting;
CREATE INDEX targets_in_flight ON targets (campaign_id) WHERE in_flight;
CREATE INDEX targets_that_failed ON targets (campaign_id, attempt) WHERE ended_badly;
-- One device belongs to at most one live campaign; in others it may be queued.
CREATE UNIQUE INDEX targets_one_live_per_device ON targets (device_id) WHERE live;

-- The key by device first serves those who ask for a device as well; one more index gives a campaign's targets in order.
DROP INDEX targets_by_device;
ALTER TABLE targets DROP CONSTRAINT targets_pkey, ADD PRIMARY KEY (device_id, campaign_id);
CREATE INDEX targets_by_position ON targets (campaign_id, position);

-- Who is offline is looked for among very many who are not. A sign of life does not change `online`, and writes no index.
CREATE INDEX presence_offline ON presence (device_id) WHERE NOT online;

-- A fifth of a million dead rows before the first vacuum is too many; rows that each batch updates are few, and always the same.
ALTER TABLE targets SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
                         autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE presence SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE devices SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE waves SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE campaigns SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE OR REPLACE VIEW ops.failures_by_reason AS
SELECT c.name AS campaign, t.to_version AS version, t.state, t.reason, count(*) AS devices,
       min(t.state_at) AS first_at, max(t.state_at) AS last_at
FROM targets t
JOIN campaigns c USING (campaign_id)
WHERE t.ended_badly
GROUP BY c.name, t.to_version, t.state, t.reason;

-- Two questions, each with an index of its own.
CREATE OR REPLACE VIEW ops.stuck_devices AS
SELECT c.name AS campaign, t.device_id AS device, t.wave, t.state, t.attempt, t.state_at AS since, t.deadline,
       p.online, p.last_seen,
       CASE WHEN t.deadline < now() THEN 'past its deadline'
            WHEN t.withdrawn THEN 'told to stop, not answered yet'
            ELSE 'offline in the middle of an update' END AS why
FROM targets t
JOIN campaigns c USING (campaign_id)
JOIN presence p USING (device_id)
WHERE t.in_flight AND (t.deadline < now() OR t.withdrawn OR NOT p.online)
UNION ALL
SELECT c.name, t.device_id, t.wave, t.state, t.attempt, t.state_at, t.deadline, p.online, p.last_seen,
       'offline, waiting to be offered'
FROM targets t
JOIN campaigns c USING (campaign_id)
JOIN waves w USING (campaign_id, wave)
JOIN presence p USING (device_id)
WHERE t.live AND t.waiting AND NOT p.online AND c.state = 'running' AND w.state <> 'pending';

CREATE OR REPLACE VIEW ops.queued_devices AS
SELECT c.name AS campaign, c.priority, t.device_id AS device, t.wave, b.name AS behind, b.priority AS behind_priority,
       h.state AS behind_state
FROM targets t
JOIN campaigns c USING (campaign_id)
LEFT JOIN targets h ON h.device_id = t.device_id AND h.live
LEFT JOIN campaigns b ON b.campaign_id = h.campaign_id
WHERE t.queued;

-- Every device of a ptype, and why a campaign may not take it: the first reason that holds, NULL where it may. Versions are those
-- that the engine accepts (the rule, lower than the firmware, class o or a); stranded are those of them from which no stepping stones
-- lead to the firmware. The last reason is that of a
-- device that may be queued.
CREATE OR REPLACE FUNCTION judged_devices(wanted_ptype integer, wanted_versions text[], wanted_tags text[], wanted_devices text[],
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
    LEFT JOIN targets t ON t.device_id = d.device_id AND t.live
    WHERE d.ptype = wanted_ptype
$$;

-- Every device that took part in a campaign (that it has offered something), and how it goes back, or the first reason for which it does
-- not. Previous is what it ran before the last offer: on the way over stepping stones the stone before. A quarantine keeps nobody
-- from going back.
CREATE OR REPLACE FUNCTION judged_rollback(wanted_campaign bigint)
RETURNS TABLE (device_id text, place integer, way text, left_out text, version text, image_sha256 text, previous text,
               firmware_id bigint, flip_sha256 text, bytes bigint, other_campaign text)
LANGUAGE sql STABLE AS $$
    SELECT t.device_id, t.position,
           CASE WHEN j.left_out IS NOT NULL THEN NULL WHEN p.in_other_slot THEN 'flip' ELSE 'download' END, j.left_out,
           d.version, d.image_sha256, t.from_version, f.firmware_id, coalesce(t.from_sha256, i1.sha256),
           CASE WHEN j.left_out IS NOT NULL OR p.in_other_slot THEN 0
                WHEN d.slot = 1 THEN b2.size WHEN d.slot = 2 THEN b1.size ELSE greatest(b1.size, b2.size) END,
           CASE WHEN j.left_out = 'other_campaign' THEN c.name END
    FROM targets t
    JOIN devices d USING (device_id)
    LEFT JOIN firmware f ON f.version = t.from_version
    LEFT JOIN images i1 ON i1.firmware_id = f.firmware_id AND i1.slot = 1
    LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
    LEFT JOIN images i2 ON i2.firmware_id = f.firmware_id AND i2.slot = 2
    LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
    -- At most one: targets_one_live_per_device.
    LEFT JOIN targets o ON o.device_id = t.device_id AND o.campaign_id <> t.campaign_id AND o.live
    LEFT JOIN campaigns c ON c.campaign_id = o.campaign_id
    CROSS JOIN LATERAL (SELECT
        i1.sha256 IS NOT NULL AND i2.sha256 IS NOT NULL AS uploaded,
        t.from_sha256 IS NOT NULL AND NOT EXISTS (
            -- A later attempt of whatever campaign may have written that slot, unless the device said no to it at once, or was
            -- to flip to that very image.
            SELECT FROM targets l
            WHERE l.device_id = t.device_id AND l.campaign_id <> t.campaign_id AND l.attempt > 0
              AND coalesce(l.sent_at, l.state_at) > coalesce(t.sent_at, t.state_at)
              AND (l.reason = 'no_previous_image'
                   OR NOT (l.state = 'rejected' AND l.attempt = 1)
                      AND (l.way = 'flip' AND l.flip_sha256 = t.from_sha256) IS NOT TRUE)) AS in_other_slot) p
    CROSS JOIN LATERAL (SELECT
        CASE WHEN t.deadline IS NOT NULL THEN 'still_in_flight'
             WHEN d.version = t.to_version
                  -- on a stepping stone, and not yet offered the next hop
                  OR d.version <> t.from_version AND EXISTS (
                     SELECT FROM campaign_paths h WHERE h.campaign_id = t.campaign_id AND h.from_version = t.path_from
                                                    AND h.hop = t.hop AND h.version = d.version)
             THEN CASE WHEN o.device_id IS NOT NULL THEN 'other_campaign'
                       WHEN p.in_other_slot OR p.uploaded THEN NULL
                       WHEN t.from_sha256 IS NULL THEN 'previous_not_known'
                       ELSE 'previous_overwritten' END
             ELSE 'runs_another_version' END AS left_out) j
    WHERE t.campaign_id = wanted_campaign AND t.attempt > 0
$$;
