-- The service clock, which stands still in outages (migration 0025): Unix seconds.
SELECT extract(epoch FROM clock_timestamp()) - away FROM service
