-- One campaign with its waves and its pace. $1 name, or number in digits; $2 its policy with every default (json; NULL: cannot be read)
WITH campaign AS (
    SELECT c.*, p.parent, p.firmware, p.percent_ended, p.pending, p.offered, p.accepted, p.downloading, p.installed,
           p.trial, p.confirmed, p.rejected, p.failed, p.reverted, p.silent, p.cancelled, p.skipped, p.in_flight,
           p.failures
    FROM campaigns c
    JOIN ops.campaign_progress p USING (campaign_id)
    WHERE c.name = $1::text OR c.campaign_id::text = $1::text),
pace AS (
    SELECT count(*) FILTER (WHERE e.to_state = 'offered') AS offers,
           count(*) FILTER (WHERE e.to_state IN ('confirmed', 'rejected', 'failed', 'reverted', 'silent', 'cancelled',
                                                 'skipped')) AS ended,
           extract(epoch FROM least(interval '60 seconds', now() - c.started_at)) AS seconds
    FROM campaign c
    LEFT JOIN events e ON e.campaign_id = c.campaign_id AND e.subject = 'target'
         AND e.at > now() - interval '60 seconds'
    GROUP BY c.started_at)
SELECT json_build_object(
    'name', c.name, 'number', c.campaign_id, 'kind', c.kind, 'parent', c.parent,
    'rollback', (SELECT json_build_object('name', r.campaign, 'state', r.state, 'members', r.members,
                                          'confirmed', r.confirmed, 'failures', r.failures,
                                          'in_flight', r.in_flight, 'pending', r.pending)
                 FROM ops.campaign_progress r
                 WHERE r.campaign_id = (SELECT max(child.campaign_id) FROM campaigns child
                                        WHERE child.parent_id = c.campaign_id)),
    'ways', CASE WHEN c.kind = 'rollback'
                 THEN (SELECT json_build_object('flip', count(*) FILTER (WHERE t.way = 'flip'),
                                                'download', count(*) FILTER (WHERE t.way = 'download'))
                       FROM targets t WHERE t.campaign_id = c.campaign_id) END,
    'firmware', c.firmware, 'ptype', c.ptype, 'from', c.from_rule, 'tags', c.tags, 'devices', c.devices, 'select', c.selector, 'plan', c.plan_id,
    'state', c.state, 'state_reason', c.state_reason, 'settled', c.settled, 'tick_error', c.tick_error,
    'tick_error_at', to_char(c.tick_error_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'state_at', to_char(c.state_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'members', c.members, 'unwritten', c.unwritten, 'percent_ended', c.percent_ended,
    'counts', json_build_object('pending', c.pending, 'offered', c.offered, 'accepted', c.accepted,
        'downloading', c.downloading, 'installed', c.installed, 'trial', c.trial, 'confirmed', c.confirmed,
        'rejected', c.rejected, 'failed', c.failed, 'reverted', c.reverted, 'silent', c.silent,
        'cancelled', c.cancelled, 'skipped', c.skipped),
    'in_flight', c.in_flight, 'in_flight_cap', ($2::json ->> 'in_flight')::bigint,
    'rate_per_minute', coalesce(c.rate_now, ($2::json -> 'rate' ->> 'per_minute')::bigint),
    'offers_last_minute', pace.offers,
    'seconds_left', CASE WHEN c.state = 'running' AND pace.ended > 0
                         THEN ceil((c.pending + c.in_flight) * pace.seconds / pace.ended)::bigint END,
    'downloads_stopped', c.downloads_stopped,
    'seed', c.seed, 'priority', c.priority, 'overlap', c.overlap,
    'queued', (SELECT count(*) FROM targets t WHERE t.campaign_id = c.campaign_id AND t.queued),
    'created_by', c.created_by,
    'start_at', to_char(c.start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'end_at', to_char(c.end_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'at_end', CASE WHEN c.end_at IS NOT NULL THEN c.at_end END,
    'approvals', (SELECT coalesce(json_agg(json_build_object(
        'before', coalesce(nullif(a.point, ''), 'start'), 'approver', a.approver, 'reason', a.reason,
        'at', to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) ORDER BY a.at), '[]')
        FROM approvals a WHERE a.campaign_id = c.campaign_id),
    'created_at', to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'started_at', to_char(c.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'ended_at', to_char(c.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'waves', (SELECT coalesce(json_agg(json_build_object(
        'wave', w.wave, 'name', w.wave_name, 'state', w.state, 'verdict', w.verdict, 'members', w.members,
        'excused', w.excused,
        'counts', json_build_object('pending', w.pending, 'offered', w.offered, 'accepted', w.accepted,
            'downloading', w.downloading, 'installed', w.installed, 'trial', w.trial, 'confirmed', w.confirmed,
            'rejected', w.rejected, 'failed', w.failed, 'reverted', w.reverted, 'silent', w.silent,
            'cancelled', w.cancelled, 'skipped', w.skipped),
        'in_flight', w.in_flight, 'failures', w.failures,
        'opened_at', to_char(w.opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'soak_until', to_char(w.soak_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'ended_at', to_char(w.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        ORDER BY w.wave), '[]') FROM ops.wave_progress w WHERE w.campaign_id = c.campaign_id),
    'policy', $2::json)
FROM campaign c, pace
