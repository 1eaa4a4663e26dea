-- How many devices run which version, kept up to date by every transaction that changes it, so that nobody counts a million of
-- them. Changes are only added here, as differences: no row is updated by two transactions, and none waits for another. The
-- ticker folds them into the counts now and then (fleet_fold.sql); the sum of both is exact always. Slot 0 is none.
LOCK TABLE devices, presence IN SHARE ROW EXCLUSIVE MODE; -- nothing changes any more until all of this is there

CREATE TABLE fleet_counts (
    ptype    integer NOT NULL,
    version  text NOT NULL,
    slot     smallint NOT NULL,
    devices  bigint NOT NULL,
    online   bigint NOT NULL,
    on_trial bigint NOT NULL,
    PRIMARY KEY (ptype, version, slot)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE TABLE fleet_changes (
    ptype    integer NOT NULL,
    version  text NOT NULL,
    slot     smallint NOT NULL,
    devices  bigint NOT NULL,
    online   bigint NOT NULL,
    on_trial bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- A device counts from when it has its row of presence, which is made in the same transaction as its own. Whoever changes one of the two rows must see what the other is: the
-- device's row is locked before either changes (by the change itself, or here), and each statement below sees what was committed
-- before it got that lock.

CREATE FUNCTION fleet_presence_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fleet_changes
    SELECT d.ptype, coalesce(d.version, 'unknown'), coalesce(d.slot, 0), count(*), count(*) FILTER (WHERE p.online),
           count(*) FILTER (WHERE d.boot = 'trial')
    FROM added p JOIN devices d USING (device_id)
    GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;
CREATE TRIGGER fleet_presence_added AFTER INSERT ON presence
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION fleet_presence_added();

-- A sign of life changes nothing here, and costs the comparison in the trigger's condition.
CREATE FUNCTION fleet_presence_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM devices WHERE device_id = NEW.device_id FOR NO KEY UPDATE;
    INSERT INTO fleet_changes
    SELECT ptype, coalesce(version, 'unknown'), coalesce(slot, 0), 0, CASE WHEN NEW.online THEN 1 ELSE -1 END, 0
    FROM devices WHERE device_id = NEW.device_id;
    RETURN NULL;
END $$;
CREATE TRIGGER fleet_presence_changed AFTER UPDATE OF online ON presence
    FOR EACH ROW WHEN (OLD.online <> NEW.online) EXECUTE FUNCTION fleet_presence_changed();

CREATE FUNCTION fleet_devices_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fleet_changes
    SELECT c.ptype, coalesce(c.version, 'unknown'), coalesce(c.slot, 0), sum(c.n), sum(c.n * p.online::integer),
           sum(c.n * (c.boot IS NOT DISTINCT FROM 'trial')::integer)
    FROM was o
    JOIN now_is n USING (device_id)
    JOIN presence p USING (device_id)
    CROSS JOIN LATERAL (VALUES (o.ptype, o.version, o.slot, o.boot, -1), (n.ptype, n.version, n.slot, n.boot, 1))
         AS c(ptype, version, slot, boot, n)
    WHERE (o.ptype, o.version, o.slot, o.boot) IS DISTINCT FROM (n.ptype, n.version, n.slot, n.boot)
    GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;
CREATE TRIGGER fleet_devices_changed AFTER UPDATE ON devices
    REFERENCING OLD TABLE AS was NEW TABLE AS now_is FOR EACH STATEMENT EXECUTE FUNCTION fleet_devices_changed();

-- Before the row of presence goes with the device.
CREATE FUNCTION fleet_device_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fleet_changes
    SELECT d.ptype, coalesce(d.version, 'unknown'), coalesce(d.slot, 0), -1, -p.online::integer,
           -(d.boot IS NOT DISTINCT FROM 'trial')::integer
    FROM devices d JOIN presence p USING (device_id)
    WHERE d.device_id = OLD.device_id;
    RETURN OLD;
END $$;
CREATE TRIGGER fleet_device_gone BEFORE DELETE ON devices FOR EACH ROW EXECUTE FUNCTION fleet_device_gone();

CREATE FUNCTION fleet_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM fleet_counts;
    DELETE FROM fleet_changes;
    RETURN NULL;
END $$;
CREATE TRIGGER fleet_gone AFTER TRUNCATE ON presence FOR EACH STATEMENT EXECUTE FUNCTION fleet_gone();

INSERT INTO fleet_counts
SELECT d.ptype, coalesce(d.version, 'unknown'), coalesce(d.slot, 0), count(*), count(*) FILTER (WHERE p.online),
       count(*) FILTER (WHERE d.boot = 'trial')
FROM devices d JOIN presence p USING (device_id)
GROUP BY 1, 2, 3;

CREATE OR REPLACE VIEW ops.fleet_by_version AS
SELECT ptype, version, nullif(slot, 0) AS slot, sum(devices)::bigint AS devices, sum(online)::bigint AS online,
       sum(on_trial)::bigint AS on_trial
FROM (SELECT * FROM fleet_counts UNION ALL SELECT * FROM fleet_changes) c
GROUP BY ptype, version, slot
HAVING sum(devices) <> 0;

-- What a plan came out as, noted when it is made: whoever looked at it counted its devices again.
ALTER TABLE plans
    ADD COLUMN wave_members bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN queued bigint NOT NULL DEFAULT 0, -- devices that other campaigns had
    ADD COLUMN bytes bigint NOT NULL DEFAULT 0;  -- that the devices fetch
UPDATE plans p
SET wave_members = ARRAY(SELECT count(d.plan_id) FROM generate_series(0, json_array_length(p.policy -> 'waves') - 1) w
                         LEFT JOIN plan_devices d ON d.plan_id = p.plan_id AND d.wave = w GROUP BY w ORDER BY w),
    queued = (SELECT count(*) FROM plan_devices d WHERE d.plan_id = p.plan_id AND d.queued),
    bytes = (SELECT coalesce(sum(CASE WHEN d.slot IS NULL THEN greatest(b1.size, b2.size)
                                      WHEN d.slot = 1 THEN b2.size ELSE b1.size END), 0)
             FROM plan_devices m
             JOIN devices d USING (device_id)
             LEFT JOIN images i1 ON i1.firmware_id = p.firmware_id AND i1.slot = 1
             LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
             LEFT JOIN images i2 ON i2.firmware_id = p.firmware_id AND i2.slot = 2
             LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
             WHERE m.plan_id = p.plan_id);

-- Who waits while offline is found among those that wait in opened waves or, where these are very many, among all who are offline: either
-- may be a million while the other is nobody. LIMIT and OFFSET keep each of the ways as it is written.
CREATE OR REPLACE VIEW ops.stuck_devices AS
WITH opened AS MATERIALIZED (
    SELECT c.name, w.campaign_id, w.wave, w.pending
    FROM waves w JOIN campaigns c USING (campaign_id)
    WHERE c.state = 'running' AND w.state <> 'pending' AND w.pending > 0)
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
SELECT o.name, t.device_id, t.wave, t.state, t.attempt, t.state_at, t.deadline, p.online, p.last_seen,
       'offline, waiting to be offered'
FROM opened o
CROSS JOIN LATERAL (SELECT t.* FROM targets t WHERE t.campaign_id = o.campaign_id AND t.wave = o.wave AND t.waiting
                    ORDER BY t.campaign_id, t.wave, t.position LIMIT 1000) t
CROSS JOIN LATERAL (SELECT p.* FROM presence p WHERE p.device_id = t.device_id AND NOT p.online OFFSET 0) p
WHERE (SELECT sum(pending) <= 1000 FROM opened)
UNION ALL
SELECT o.name, t.device_id, t.wave, t.state, t.attempt, t.state_at, t.deadline, p.online, p.last_seen,
       'offline, waiting to be offered'
FROM presence p
CROSS JOIN LATERAL (SELECT t.* FROM targets t WHERE t.device_id = p.device_id AND t.live AND t.waiting OFFSET 0) t
JOIN opened o USING (campaign_id, wave)
WHERE (SELECT sum(pending) > 1000 FROM opened) AND NOT p.online;
