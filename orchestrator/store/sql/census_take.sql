-- Takes or renews the lease for reading the retained presence messages: id, seconds. Answers the time in seconds; no row: nothing is to be read, or
-- another orchestrator reads.
UPDATE service SET census_by = $1, census_lease = clock_timestamp() + make_interval(secs => $2)
WHERE census_wanted > coalesce(census_done, '-infinity') AND (census_by = $1 OR (census_lease > clock_timestamp()) IS NOT TRUE)
RETURNING extract(epoch FROM clock_timestamp())
