-- Devices that are to be asked for a hello: devices
INSERT INTO asks (device_id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING
