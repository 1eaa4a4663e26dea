-- Marks attempts in the given states as withdrawn; the ticker sends the cancels. $3: their downloads are stopped by a pause.
UPDATE targets SET withdrawn = true, sent_at = NULL, download_stopped = $3
WHERE campaign_id = $1 AND in_flight AND state = ANY ($2::text[]) AND (NOT withdrawn OR $3 AND NOT download_stopped)
