-- Devices that are to be asked for a hello, now and once more when the broker must have noticed who is gone: devices
INSERT INTO asks (device_id, times) SELECT unnest($1::text[]), 2
ON CONFLICT (device_id) DO UPDATE SET due = EXCLUDED.due, times = EXCLUDED.times
