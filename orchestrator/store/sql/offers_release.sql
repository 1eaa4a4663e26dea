-- Every device in flight has been asked since the database turned out to be another one: offers go on.
UPDATE service SET offers_held = false
WHERE offers_held AND NOT EXISTS (SELECT FROM outages WHERE asked_at IS NULL)
  AND NOT EXISTS (SELECT FROM asks a WHERE a.due <= now() AND EXISTS (SELECT FROM targets t WHERE t.device_id = a.device_id AND t.in_flight))
