-- How many outcomes an outage may yet explain (target_outage.sql), as the evidence was not complete up to them at the beginning of this tick: campaign, evidence (NULL: there is none)
SELECT count(*)
FROM targets t
WHERE t.campaign_id = $1 AND t.ended_badly AND t.outage_attempts < 2
  AND (t.state = 'failed' AND t.reason IN ('download_timeout', 'connection_lost', 'http_status')
       OR t.state = 'reverted' AND t.reason IN ('confirm_timeout', 'no_connection'))
  AND (t.state_at > to_timestamp($2)) IS NOT FALSE
