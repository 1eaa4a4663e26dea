-- One orchestrator whose lease has run out, other than $1, for this transaction alone; its client ids, one a row, and whether that was more
-- than $2 seconds ago. First the one that holds the judgement back the most.
WITH expired AS MATERIALIZED (
    SELECT orchestrator_id, client_ids, lease_until FROM orchestrators
    WHERE lease_until < clock_timestamp() AND orchestrator_id <> $1
    ORDER BY watermark, orchestrator_id LIMIT 1 FOR UPDATE SKIP LOCKED)
SELECT orchestrator_id, unnest(client_ids), lease_until < clock_timestamp() - make_interval(secs => $2) FROM expired
