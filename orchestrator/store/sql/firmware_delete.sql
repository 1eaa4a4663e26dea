-- A release with its files and plans; gives the hashes of their bytes. $1 firmware_id
WITH slots AS (DELETE FROM images WHERE firmware_id = $1 RETURNING sha256),
further AS (DELETE FROM firmware_files WHERE firmware_id = $1 RETURNING sha256),
plan AS (DELETE FROM plans WHERE firmware_id = $1 RETURNING plan_id),
devices AS (DELETE FROM plan_devices d USING plan WHERE d.plan_id = plan.plan_id),
left_out AS (DELETE FROM plan_left_out l USING plan WHERE l.plan_id = plan.plan_id),
release AS (DELETE FROM firmware WHERE firmware_id = $1)
SELECT sha256 FROM slots UNION SELECT sha256 FROM further
