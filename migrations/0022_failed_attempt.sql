-- Whoever is to be tried again and never comes back has failed: known of the target itself, however long the event log is kept.
ALTER TABLE targets ADD COLUMN failed_attempt smallint NOT NULL DEFAULT 0; -- the last one, of the hop, that was a failure and is tried again; 0: none
UPDATE targets t SET failed_attempt = t.attempt
FROM campaigns c
WHERE c.campaign_id = t.campaign_id AND NOT c.settled AND (t.live OR t.queued)
  AND t.attempt > t.attempt_base + t.in_flight::integer -- else nothing has been tried again
  AND EXISTS (
      SELECT FROM events e
      WHERE e.device_id = t.device_id AND e.campaign_id = t.campaign_id AND e.attempt > t.attempt_base AND e.to_state = 'pending'
        AND (e.from_state IN ('failed', 'reverted', 'silent')
             OR e.from_state = 'rejected' AND c.policy -> 'waves' -> t.wave -> 'gate' ->> 'count_rejected' = 'true'));
