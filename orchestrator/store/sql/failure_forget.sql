-- Failures too old to count for any policy, and quarantines that are over. $1 seconds
WITH over AS (DELETE FROM quarantines WHERE until < now())
DELETE FROM device_failures WHERE at < now() - make_interval(secs => $1)
