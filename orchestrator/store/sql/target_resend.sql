-- These devices have just connected: what is out to them has to be sent again, but to those at work ($2) only that they are to stop.
UPDATE targets t SET sent_at = NULL
FROM unnest($1::text[], $2::boolean[]) AS u(device_id, is_busy)
WHERE t.device_id = u.device_id AND t.live AND t.in_flight AND t.state IN ('offered', 'accepted', 'downloading')
  AND (t.withdrawn OR NOT u.is_busy)
