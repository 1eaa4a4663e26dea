-- A slice of a campaign's targets, of the devices of its plan at the positions given: campaign, plan, after this position, up to this one,
-- to_version, firmware, the versions that may be updated, whether members wait for devices that other campaigns have, why members are cancelled
-- (NULL: they are not). Who is a member is settled, but much may have happened to a device since: one that another campaign has taken waits as
-- well, or is left to it; one that runs what may not be updated is skipped. Answers how many are still to be written, how many members were
-- left out, and whether that was the end of the plan. A device that another campaign takes at this moment makes the transaction run again
-- (store_transaction).
WITH slice AS MATERIALIZED (
    SELECT m.wave, m.position, d.device_id, d.version, d.image_sha256, m.queued OR t.device_id IS NOT NULL AS taken,
           CASE WHEN d.device_id IS NULL THEN NULL
                WHEN $9::text IS NOT NULL THEN 'cancelled'
                WHEN NOT $8 AND t.device_id IS NOT NULL THEN NULL
                WHEN d.version = ANY ($7::text[]) OR d.boot = 'trial' THEN 'pending'
                ELSE 'skipped' END AS state,
           CASE WHEN $9 IS NOT NULL THEN $9
                WHEN d.version = ANY ($7::text[]) OR d.boot = 'trial' THEN ''
                WHEN d.version = $5 THEN 'already_there'
                ELSE 'no_longer_eligible' END AS reason
    FROM plan_devices m
    LEFT JOIN devices d USING (device_id)
    LEFT JOIN targets t ON t.device_id = m.device_id AND t.live
    WHERE m.plan_id = $2 AND m.position > $3 AND m.position <= $4 AND (NOT m.queued OR $8)),
written AS (
    INSERT INTO targets (campaign_id, device_id, wave, position, from_version, from_sha256, to_version, firmware_id, path_from, state,
                         queued, reason)
    SELECT $1, s.device_id, s.wave, s.position, s.version, s.image_sha256, coalesce(h.version, $5), coalesce(h.firmware_id, $6),
           h.from_version, s.state, s.taken AND s.state = 'pending', s.reason
    FROM slice s
    LEFT JOIN campaign_paths h ON h.campaign_id = $1 AND h.from_version = s.version AND h.hop = 1
    WHERE s.state IS NOT NULL
    ORDER BY s.position),
logged AS (
    INSERT INTO events (subject, campaign_id, wave, device_id, attempt, from_state, to_state, reason)
    SELECT 'target', $1, wave, device_id, 0, 'pending', state, reason FROM slice WHERE state <> 'pending'),
counted AS (
    SELECT wave, count(*) AS members, count(*) FILTER (WHERE state IS NULL) AS left_out,
           count(*) FILTER (WHERE state = 'cancelled') AS cancelled, count(*) FILTER (WHERE state = 'skipped') AS skipped
    FROM slice GROUP BY wave),
moved AS (
    UPDATE waves w
    SET members = w.members - c.left_out, pending = w.pending - c.left_out - c.cancelled - c.skipped,
        cancelled = w.cancelled + c.cancelled, skipped = w.skipped + c.skipped
    FROM counted c
    WHERE w.campaign_id = $1 AND w.wave = c.wave AND c.left_out + c.cancelled + c.skipped > 0)
UPDATE campaigns c
SET written_to = $4, unwritten = c.unwritten - t.members, members = c.members - t.left_out
FROM (SELECT coalesce(sum(members), 0) AS members, coalesce(sum(left_out), 0) AS left_out FROM counted) t
WHERE c.campaign_id = $1
RETURNING c.unwritten, t.left_out, NOT EXISTS (SELECT FROM plan_devices WHERE plan_id = $2 AND position > $4)
