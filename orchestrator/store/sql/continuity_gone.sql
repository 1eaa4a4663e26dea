-- An orchestrator ($1) whose last answered beat was at $2 (microseconds) has no row any more. Whoever takes a place records the gap; where nobody has, this
-- database has lost the place: it is treated as another one.
UPDATE service SET identity = 'lost'
WHERE identity IS DISTINCT FROM 'lost'
  AND NOT EXISTS (SELECT FROM outages WHERE orchestrator_id = $1 AND ended > timestamptz 'epoch' + $2::bigint * interval '1 microsecond')
  AND (discontinued_at > timestamptz 'epoch' + $2::bigint * interval '1 microsecond') IS NOT TRUE
