-- subject ('campaign' or 'wave'), campaign, wave, from, to, reason
INSERT INTO events (subject, campaign_id, wave, from_state, to_state, reason) VALUES ($1, $2, $3, $4, $5, $6)
