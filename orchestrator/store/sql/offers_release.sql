-- Every device in flight has been asked since the database turned out to be another one: offers go on. The first condition is asked by itself, so that nobody
-- in flight is looked at as long as nothing is held.
UPDATE service SET offers_held = false
WHERE (SELECT s.offers_held FROM service s) AND offers_held AND NOT EXISTS (SELECT FROM outages WHERE asked_at IS NULL)
  AND NOT EXISTS (SELECT FROM asks a WHERE a.due <= now() AND EXISTS (SELECT FROM targets t WHERE t.device_id = a.device_id AND t.in_flight))
