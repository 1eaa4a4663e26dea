-- Whoever is to be tried again and never comes back has failed: known of the target itself, however long the event log is kept.
ALTER TABLE targets ADD COLUMN failed_attempt smallint NOT NULL DEFAULT 0; -- the last attempt that was a failure, after which it was to be tried again
UPDATE targets t SET failed_attempt = e.attempt
FROM (SELECT campaign_id, device_id, max(attempt) AS attempt
      FROM events
      WHERE to_state = 'pending' AND from_state IN ('failed', 'reverted', 'silent')
      GROUP BY campaign_id, device_id) e
WHERE t.campaign_id = e.campaign_id AND t.device_id = e.device_id AND t.live AND e.attempt > t.attempt_base;
