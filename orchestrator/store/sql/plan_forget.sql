-- Plans too old to be run, and those made for a campaign, with their devices; none that targets are being written from. $1 seconds
WITH old AS (DELETE FROM plans WHERE (of_campaign OR created_at < now() - make_interval(secs => $1)) AND NOT in_use RETURNING plan_id),
devices AS (DELETE FROM plan_devices d USING old WHERE d.plan_id = old.plan_id)
DELETE FROM plan_left_out l USING old WHERE l.plan_id = old.plan_id
