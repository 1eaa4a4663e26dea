-- These devices have just connected: what is out to them has to be sent again, but to those at work ($2) only that they are to stop. What this database
-- takes for on trial, since it has lost how it ended, is sent to whoever is not at work on it: the device says again what it came to.
-- Who has taken an attempt and is not at work on it has forgotten it: it takes it anew, in a new time.
UPDATE targets t SET sent_at = NULL, rebooted = t.rebooted OR NOT u.is_busy AND t.state IN ('accepted', 'downloading', 'installed')
FROM unnest($1::text[], $2::boolean[]) AS u(device_id, is_busy)
WHERE t.device_id = u.device_id AND t.live AND t.in_flight
  AND (t.state IN ('offered', 'accepted', 'downloading', 'installed') AND (t.withdrawn OR NOT u.is_busy)
       OR t.state = 'trial' AND NOT u.is_busy AND t.state_at < (SELECT discontinued_at FROM service))
