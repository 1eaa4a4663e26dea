-- One look at the whole, in one snapshot: the first thing that does not hold, or nothing.
WITH there AS MATERIALIZED (
    SELECT campaign_id, wave, count(*) AS members, count(deadline) AS in_flight,
           count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'confirmed') AS confirmed,
           count(*) FILTER (WHERE state IN ('failed', 'reverted', 'silent')) AS failures
    FROM (SELECT campaign_id, wave, state, deadline FROM targets
          UNION ALL SELECT campaign_id, wave, 'pending', NULL FROM unwritten_members) members
    GROUP BY campaign_id, wave)
SELECT format('%s (campaign %s, device %s)', what, campaign_id, device_id) FROM broken
UNION ALL
SELECT format('campaign %s fails: %s', campaign_id, tick_error) FROM campaigns WHERE tick_error IS NOT NULL
UNION ALL
SELECT format('campaign %s has %s in flight, its cap is %s', c.campaign_id, sum(t.in_flight), c.policy ->> 'in_flight')
FROM campaigns c JOIN there t USING (campaign_id)
GROUP BY c.campaign_id, c.policy ->> 'in_flight' HAVING sum(t.in_flight) > (c.policy ->> 'in_flight')::integer
UNION ALL
SELECT format('ops.wave_progress is not what is there: campaign %s, wave %s', campaign_id, wave)
FROM ops.wave_progress w FULL JOIN there t USING (campaign_id, wave)
WHERE (coalesce(w.members, 0), coalesce(w.in_flight, 0), coalesce(w.pending, 0), coalesce(w.confirmed, 0), coalesce(w.failures, 0))
      <> (coalesce(t.members, 0), coalesce(t.in_flight, 0), coalesce(t.pending, 0), coalesce(t.confirmed, 0), coalesce(t.failures, 0))
UNION ALL
SELECT format('ops.campaign_progress does not add up: campaign %s', p.campaign_id)
FROM ops.campaign_progress p
LEFT JOIN (SELECT campaign_id, sum(members) AS members, sum(in_flight) AS in_flight FROM there GROUP BY campaign_id) t
     USING (campaign_id)
WHERE (p.members, p.in_flight) <> (coalesce(t.members, 0), coalesce(t.in_flight, 0))
   OR p.members <> pending + p.in_flight + confirmed + rejected + failed + reverted + silent + cancelled + skipped
UNION ALL
SELECT format('campaign %s has %s members that are not written, and says %s', campaign_id, count(u.device_id), unwritten)
FROM campaigns LEFT JOIN unwritten_members u USING (campaign_id)
GROUP BY campaign_id HAVING count(u.device_id) <> unwritten
UNION ALL
SELECT format('campaign %s has settled or completed before all of it was written', campaign_id)
FROM campaigns WHERE unwritten > 0 AND (settled OR state = 'completed')
UNION ALL
SELECT format('device %s is in %s live campaigns', device_id, count(*))
FROM targets WHERE (state = 'pending' OR deadline IS NOT NULL) AND NOT queued GROUP BY device_id HAVING count(*) > 1
UNION ALL
SELECT format('ops.fleet_by_version is not what is there: %s', v)
FROM ops.fleet_by_version v
FULL JOIN (SELECT ptype, coalesce(version, 'unknown') AS version, slot, count(*) AS devices, count(*) FILTER (WHERE online) AS online,
                  count(*) FILTER (WHERE boot = 'trial') AS on_trial
           FROM devices JOIN presence USING (device_id) GROUP BY 1, 2, 3) d USING (ptype, version, slot)
WHERE (v.devices, v.online, v.on_trial) IS DISTINCT FROM (d.devices, d.online, d.on_trial)
UNION ALL
SELECT format('%s offers of campaign %s in 60 s, the rate is %s', count(*), o.campaign_id, o.per_minute)
FROM witnessed_offers o
JOIN witnessed_offers before ON before.campaign_id = o.campaign_id AND before.at <= o.at
     AND before.at > o.at - interval '59.999 seconds'
WHERE o.per_minute > 0
GROUP BY o.campaign_id, o.device_id, o.attempt, o.per_minute HAVING count(*) > o.per_minute
LIMIT 1
