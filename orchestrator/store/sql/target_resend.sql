-- These devices have just connected: what is out to them has to be sent again, but to those at work ($2) only that they are to stop. What this database
-- takes for installed or on trial, since it has lost how it ended, is sent to whoever is not at work on it: the device says again what it came to.
UPDATE targets t SET sent_at = NULL
FROM unnest($1::text[], $2::boolean[]) AS u(device_id, is_busy)
WHERE t.device_id = u.device_id AND t.live AND t.in_flight
  AND (t.state IN ('offered', 'accepted', 'downloading') AND (t.withdrawn OR NOT u.is_busy)
       OR t.state IN ('installed', 'trial') AND NOT u.is_busy AND t.state_at < (SELECT discontinued_at FROM service))
