-- The downloads of a campaign are refused from now on, until it is resumed: campaign. No row when they are already.
UPDATE campaigns SET downloads_stopped = true WHERE campaign_id = $1 AND NOT downloads_stopped
RETURNING campaign_id
