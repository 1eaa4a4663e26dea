-- The whole fleet in one document. $1 gauges of this orchestrator (json), or NULL
WITH fleet AS MATERIALIZED (SELECT * FROM ops.fleet_by_version)
SELECT json_build_object(
    'devices', (SELECT coalesce(sum(devices), 0) FROM fleet),
    'online', (SELECT coalesce(sum(online), 0) FROM fleet),
    'versions', (SELECT coalesce(json_agg(json_build_object(
        'ptype', ptype, 'version', version, 'slot', slot, 'devices', devices, 'online', online, 'on_trial', on_trial)
        ORDER BY ptype, version, slot), '[]') FROM fleet),
    'campaigns', (SELECT coalesce(json_agg(json_build_object(
        'name', p.campaign, 'kind', p.kind, 'firmware', p.firmware, 'state', p.state, 'members', p.members,
        'confirmed', p.confirmed, 'failures', p.failures, 'in_flight', p.in_flight, 'pending', p.pending,
        'percent_ended', p.percent_ended)
        ORDER BY p.campaign_id), '[]')
        FROM ops.campaign_progress p JOIN campaigns c USING (campaign_id)
        WHERE NOT c.settled AND c.state <> 'draft'),
    'rejected_reports', (SELECT coalesce(json_object_agg(kind, count ORDER BY kind), '{}') FROM ops.rejected_reports),
    'orchestrator', $1::json)
