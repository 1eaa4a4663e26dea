-- A campaign is about to write its targets from the plan: since the plan was made, other campaigns may have taken some of its devices, and ended
-- with others. $1 plan
WITH used AS (UPDATE plans SET in_use = true WHERE plan_id = $1)
UPDATE plan_devices p SET queued = NOT queued
WHERE p.plan_id = $1 AND p.queued <> EXISTS (SELECT FROM targets t WHERE t.device_id = p.device_id AND t.live)
