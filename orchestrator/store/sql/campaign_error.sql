-- What keeps failing for a campaign, or NULL; its name where that is news.
UPDATE campaigns SET tick_error = $2, tick_error_at = CASE WHEN $2::text IS NULL THEN NULL ELSE now() END
WHERE campaign_id = $1 AND tick_error IS DISTINCT FROM $2
RETURNING name
