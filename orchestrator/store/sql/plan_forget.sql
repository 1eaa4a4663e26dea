-- Plans too old to be run. $1 seconds
DELETE FROM plans WHERE created_at < now() - make_interval(secs => $1)
