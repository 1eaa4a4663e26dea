-- A slice of a campaign's targets, of the devices of its plan at the positions given: campaign, plan, after this position, up to this one,
-- to_version, firmware, whether members wait for devices that other campaigns have. A device that another campaign has taken since the members
-- were fixed waits as well, or is left to it. Answers how many are still to be written, and how many members were left out. One that another
-- campaign takes at this moment makes the transaction run again (store_transaction).
WITH slice AS MATERIALIZED (
    SELECT m.wave, m.position, d.device_id, d.version, d.image_sha256, m.queued OR t.device_id IS NOT NULL AS taken,
           d.device_id IS NOT NULL AND ($7 OR t.device_id IS NULL) AS stays
    FROM plan_devices m
    LEFT JOIN devices d USING (device_id)
    LEFT JOIN targets t ON t.device_id = m.device_id AND t.live
    WHERE m.plan_id = $2 AND m.position > $3 AND m.position <= $4 AND (NOT m.queued OR $7)),
written AS (
    INSERT INTO targets (campaign_id, device_id, wave, position, from_version, from_sha256, to_version, firmware_id, path_from, queued)
    SELECT $1, s.device_id, s.wave, s.position, s.version, s.image_sha256, coalesce(h.version, $5), coalesce(h.firmware_id, $6),
           h.from_version, s.taken
    FROM slice s
    LEFT JOIN campaign_paths h ON h.campaign_id = $1 AND h.from_version = s.version AND h.hop = 1
    WHERE s.stays
    ORDER BY s.position),
counted AS (SELECT wave, count(*) AS members, count(*) FILTER (WHERE NOT stays) AS left_out FROM slice GROUP BY wave),
left_out AS (
    UPDATE waves w SET members = w.members - c.left_out, pending = w.pending - c.left_out
    FROM counted c
    WHERE w.campaign_id = $1 AND w.wave = c.wave AND c.left_out > 0)
UPDATE campaigns c
SET written_to = $4, unwritten = c.unwritten - t.members, members = c.members - t.left_out
FROM (SELECT coalesce(sum(members), 0) AS members, coalesce(sum(left_out), 0) AS left_out FROM counted) t
WHERE c.campaign_id = $1
RETURNING c.unwritten, t.left_out
