-- Adds the changes of the fleet's counts to the counts. By one orchestrator at a time; what another transaction has not committed yet stays. Counts of
-- nothing go with the next fold.
WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtext('fleet_fold')) AS mine),
changes AS (DELETE FROM fleet_changes WHERE (SELECT mine FROM turn) RETURNING *),
empty AS (DELETE FROM fleet_counts c WHERE devices = 0 AND online = 0 AND on_trial = 0 AND (SELECT mine FROM turn)
          AND NOT EXISTS (SELECT FROM fleet_changes n WHERE (n.ptype, n.version, n.slot) = (c.ptype, c.version, c.slot)))
INSERT INTO fleet_counts AS c
SELECT ptype, version, slot, sum(devices), sum(online), sum(on_trial) FROM changes GROUP BY ptype, version, slot
ON CONFLICT (ptype, version, slot) DO UPDATE
SET devices = c.devices + excluded.devices, online = c.online + excluded.online, on_trial = c.on_trial + excluded.on_trial
