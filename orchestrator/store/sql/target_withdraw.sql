-- Marks attempts in the given states as withdrawn; the ticker sends the cancels.
UPDATE targets SET withdrawn = true, sent_at = NULL
WHERE campaign_id = $1 AND in_flight AND NOT withdrawn AND state = ANY ($2::text[])
