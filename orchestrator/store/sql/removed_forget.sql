-- Deleted devices whose targets have all ended.
DELETE FROM removed_devices r WHERE NOT EXISTS (SELECT FROM targets t WHERE t.device_id = r.device_id AND t.live)
