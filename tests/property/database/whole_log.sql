-- For whoever looks into a failure: everything that happened, in order, and what there is at the end.
SELECT concat_ws(E'\n',
    (SELECT string_agg(format('%s %s %s c%s w%s %s #%s %s -> %s %s', event_id, to_char(at, 'HH24:MI:SS.MS'), subject, campaign_id,
                              wave, device_id, attempt, from_state, to_state, reason), E'\n' ORDER BY event_id) FROM events),
    (SELECT string_agg(format('campaign %s %s %s: %s; settled %s; %s', campaign_id, name, state, state_reason, settled, policy::jsonb),
                       E'\n' ORDER BY campaign_id) FROM campaigns),
    (SELECT string_agg(row_to_json(w)::text, E'\n' ORDER BY campaign_id, wave) FROM waves w),
    (SELECT string_agg(format('target c%s w%s %s %s #%s withdrawn %s %s deadline %s', campaign_id, wave, device_id, state, attempt,
                              withdrawn, reason, deadline), E'\n' ORDER BY campaign_id, device_id)
     FROM targets),
    (SELECT string_agg(row_to_json(o)::text, E'\n' ORDER BY outage_id) FROM outages o),
    (SELECT string_agg(row_to_json(o)::text, E'\n') FROM orchestrators o),
    (SELECT string_agg(row_to_json(s)::text, E'\n') FROM service s),
    (SELECT string_agg(row_to_json(p)::text, E'\n' ORDER BY device_id) FROM presence p))
