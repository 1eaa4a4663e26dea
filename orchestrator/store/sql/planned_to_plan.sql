-- The devices of a plan: plan, the places at which its second wave and those after it begin
INSERT INTO plan_devices (plan_id, position, wave, device_id, queued)
SELECT $1::bigint, place, coalesce(wave, width_bucket(place, $2::bigint[])), device_id, queued FROM planned
