-- Its connections with the broker are broken: id
UPDATE orchestrators SET connected_since = NULL WHERE orchestrator_id = $1 AND connected_since IS NOT NULL
