-- A plan, for the campaign that is to run it.
SELECT f.version, p.from_rule, array_to_string(p.tags, ','), p.devices, p.selector, p.policy::text, p.seed, p.priority,
       p.overlap
FROM plans p
JOIN firmware f USING (firmware_id)
WHERE p.plan_id = $1 AND NOT p.of_campaign
FOR SHARE OF p
