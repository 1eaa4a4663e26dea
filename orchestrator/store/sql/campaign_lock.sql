-- One campaign, locked for whoever moves it.
SELECT c.campaign_id, c.name, c.kind, c.state, c.settled, c.firmware_id, f.version, c.ptype, c.from_rule,
       array_to_string(c.tags, ','), c.policy, c.seed, c.rate_tokens, extract(epoch FROM c.rate_at),
       extract(epoch FROM clock_timestamp()), c.parent_id, c.devices, c.created_by,
       extract(epoch FROM c.start_at)::bigint, extract(epoch FROM c.end_at)::bigint, c.at_end,
       c.selector, c.plan_id, c.priority, c.overlap,
       extract(epoch FROM c.overlap_at), c.members_plan, c.unwritten, c.written_to, extract(epoch FROM service_clock()),
       (SELECT extract(epoch FROM min(watermark)) FROM orchestrators), c.tick_error IS NOT NULL, c.wire_number,
       (SELECT fleet_asked_to IS NOT NULL OR fleet_asked_at > clock_timestamp() - interval '2 seconds' FROM service),
       extract(epoch FROM campaign_clock(c.stood_still, c.stands_since))
FROM campaigns c
LEFT JOIN firmware f USING (firmware_id)
WHERE c.campaign_id = $1
FOR NO KEY UPDATE OF c
