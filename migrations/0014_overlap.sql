-- Campaigns whose devices overlap: who comes first, and members that wait for their turn (core/overlap).

ALTER TABLE campaigns
    ADD COLUMN priority smallint NOT NULL DEFAULT 50 CHECK (priority BETWEEN 0 AND 100),
    ADD COLUMN overlap  text NOT NULL DEFAULT 'leave-out' CONSTRAINT campaigns_overlap_check CHECK (
               overlap IN ('leave-out', 'refuse', 'queue', 'take-over'));
ALTER TABLE plans
    ADD COLUMN priority smallint NOT NULL DEFAULT 50 CHECK (priority BETWEEN 0 AND 100),
    ADD COLUMN overlap  text NOT NULL DEFAULT 'leave-out' CONSTRAINT plans_overlap_check CHECK (
               overlap IN ('leave-out', 'refuse', 'queue', 'take-over'));

ALTER TABLE plan_devices ADD COLUMN queued boolean NOT NULL DEFAULT false; -- another campaign has it

-- Pending, while another campaign has the device.
ALTER TABLE targets ADD COLUMN queued boolean NOT NULL DEFAULT false CHECK (NOT queued OR state = 'pending');
CREATE INDEX targets_queued ON targets (campaign_id, device_id) WHERE queued;
CREATE INDEX targets_queued_by_device ON targets (device_id) WHERE queued;

DROP INDEX targets_to_offer;
CREATE INDEX targets_to_offer ON targets (campaign_id, wave, position) WHERE state = 'pending' AND NOT queued;

-- While very many wait, a look for those whose turn has come takes its time: not again before then.
ALTER TABLE campaigns ADD COLUMN overlap_at timestamptz;

-- One device belongs to at most one live campaign; in others it may be queued.
DROP INDEX targets_one_live_per_device;
CREATE UNIQUE INDEX targets_one_live_per_device ON targets (device_id)
    WHERE state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial') AND NOT queued;

-- Devices that wait in a campaign, and for which.
CREATE VIEW ops.queued_devices AS
SELECT c.name AS campaign, c.priority, t.device_id AS device, t.wave, b.name AS behind, b.priority AS behind_priority,
       h.state AS behind_state
FROM targets t
JOIN campaigns c USING (campaign_id)
LEFT JOIN targets h ON h.device_id = t.device_id AND NOT h.queued
     AND h.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial')
LEFT JOIN campaigns b ON b.campaign_id = h.campaign_id
WHERE t.queued;
GRANT SELECT ON ops.queued_devices TO ops_reader;

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
    LEFT JOIN targets t ON t.device_id = d.device_id AND NOT t.queued
         AND t.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial')
    WHERE d.ptype = wanted_ptype
$$;

-- Who waits for another campaign is not stuck.
CREATE OR REPLACE VIEW ops.stuck_devices AS
SELECT c.name AS campaign, t.device_id AS device, t.wave, t.state, t.attempt, t.state_at AS since, t.deadline,
       p.online, p.last_seen,
       CASE WHEN t.state = 'pending' THEN 'offline, waiting to be offered'
            WHEN t.deadline < now() THEN 'past its deadline'
            WHEN t.withdrawn THEN 'told to stop, not answered yet'
            ELSE 'offline in the middle of an update' END AS why
FROM targets t
JOIN campaigns c USING (campaign_id)
JOIN waves w USING (campaign_id, wave)
JOIN presence p USING (device_id)
WHERE (t.deadline IS NOT NULL AND (t.deadline < now() OR t.withdrawn OR NOT p.online))
   OR (t.state = 'pending' AND NOT t.queued AND NOT p.online AND c.state = 'running' AND w.state <> 'pending');

-- A check of each row by a trigger took three quarters of the time of planning a large campaign. The rows come from devices, waves and releases by
-- INSERT ... SELECT; devices and waves are never deleted, releases not while a campaign uses them (firmware_users.sql), and plans with
-- their devices (plan_forget.sql, firmware_delete.sql).
ALTER TABLE plan_devices
    DROP CONSTRAINT plan_devices_plan_id_fkey,
    DROP CONSTRAINT plan_devices_device_id_fkey;
ALTER TABLE plan_left_out
    DROP CONSTRAINT plan_left_out_plan_id_fkey,
    DROP CONSTRAINT plan_left_out_device_id_fkey;
ALTER TABLE targets
    DROP CONSTRAINT targets_device_id_fkey,
    DROP CONSTRAINT targets_campaign_id_wave_fkey,
    DROP CONSTRAINT targets_firmware_id_fkey;
