-- Whoever reads the retained presence messages: id, lease in seconds. No row: nothing is to be read, or another orchestrator reads. Its time, in seconds.
UPDATE service SET census_by = $1, census_lease = clock_timestamp() + make_interval(secs => $2)
WHERE census_wanted > coalesce(census_done, '-infinity') AND (census_by = $1 OR (census_lease > clock_timestamp()) IS NOT TRUE)
RETURNING extract(epoch FROM clock_timestamp())
