-- The service clock (migration 0025): Unix seconds.
SELECT extract(epoch FROM service_clock())
