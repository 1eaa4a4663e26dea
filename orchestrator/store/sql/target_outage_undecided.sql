-- Outcomes that an outage may yet explain (target_outage.sql), by wave and state: campaign, the evidence at the beginning of this tick (NULL: there is none),
-- and how many seconds ago an outage must have ended to explain any (NULL: this tick has looked at them). The evidence was not complete up to
-- them; or nobody has looked since.
SELECT t.wave, t.state, count(*)
FROM targets t
WHERE t.campaign_id = $1 AND t.explainable AND t.outage_attempts < 2
  AND ((t.state_at > to_timestamp($2)) IS NOT FALSE
       OR ($3::bigint IS NOT NULL AND EXISTS (SELECT FROM outages WHERE ended > now() - make_interval(secs => $3::bigint))))
GROUP BY t.wave, t.state
