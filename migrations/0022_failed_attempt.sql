-- Whoever is to be tried again and never comes back has failed, unless an operator has excused it: known of the target itself, however long the
-- event log is kept.
ALTER TABLE targets
    ADD COLUMN failed_attempt  smallint NOT NULL DEFAULT 0, -- the last one, of the hop, that was a failure and is tried again; 0: none
    ADD COLUMN excused_attempt smallint NOT NULL DEFAULT 0; -- that had ended badly when the campaign was resumed after a halt; 0: none
UPDATE targets t SET failed_attempt = t.attempt
FROM campaigns c
WHERE c.campaign_id = t.campaign_id AND NOT c.settled AND (t.live OR t.queued)
  AND t.attempt > t.attempt_base + t.in_flight::integer -- else nothing has been tried again
  AND EXISTS (
      SELECT FROM events e
      WHERE e.device_id = t.device_id AND e.campaign_id = t.campaign_id AND e.attempt > t.attempt_base
        AND (e.to_state IN ('failed', 'reverted', 'silent')
             OR e.to_state = 'rejected' AND c.policy -> 'waves' -> t.wave -> 'gate' ->> 'count_rejected' = 'true')
        AND NOT EXISTS (SELECT FROM events r
                        WHERE r.subject = 'campaign' AND r.campaign_id = t.campaign_id AND r.from_state = 'halted' AND r.to_state = 'running'
                          AND r.at > e.at));
UPDATE targets t SET excused_attempt = t.attempt
FROM campaigns c
WHERE c.campaign_id = t.campaign_id AND NOT c.settled AND c.state IN ('running', 'paused') AND t.ended_badly
  AND (SELECT w.excused > 0 FROM waves w WHERE w.campaign_id = t.campaign_id AND w.wave = t.wave);
