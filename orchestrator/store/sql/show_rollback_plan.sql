-- What a rollback of a campaign would do now. $1 name, or number in digits; $2 the rollback's policy (json); $3 whether the campaign's
-- state allows one
WITH campaign AS (SELECT campaign_id, name, state FROM campaigns WHERE name = $1::text OR campaign_id::text = $1::text),
judged AS MATERIALIZED (SELECT j.* FROM campaign c, judged_rollback(c.campaign_id) j)
SELECT json_build_object(
    'campaign', c.name, 'state', c.state, 'possible', $3::boolean,
    'took_part', (SELECT count(*) FROM judged),
    'flip', (SELECT count(*) FROM judged WHERE way = 'flip'),
    'download', (SELECT count(*) FROM judged WHERE way = 'download'),
    'bytes', (SELECT coalesce(sum(bytes), 0) FROM judged),
    'to', (SELECT coalesce(json_agg(json_build_object('version', t.previous, 'way', t.way, 'devices', t.devices)
                                    ORDER BY t.devices DESC, t.previous, t.way), '[]')
           FROM (SELECT previous, way, count(*) AS devices FROM judged WHERE way IS NOT NULL GROUP BY previous, way) t),
    'left_out', (SELECT coalesce(json_agg(json_build_object('reason', l.left_out, 'devices', l.devices) ORDER BY l.left_out), '[]')
                 FROM (SELECT left_out, count(*) AS devices FROM judged WHERE left_out IS NOT NULL GROUP BY left_out) l),
    'other_campaigns', (SELECT coalesce(json_agg(json_build_object('campaign', o.other_campaign, 'devices', o.devices)
                                                 ORDER BY o.other_campaign), '[]')
                        FROM (SELECT other_campaign, count(*) AS devices FROM judged WHERE other_campaign IS NOT NULL
                              GROUP BY other_campaign) o),
    'policy', $2::json)
FROM campaign c
