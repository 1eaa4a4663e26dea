-- They are the campaign's again, in the middle of what they were at: campaign, devices, the campaign's clock
UPDATE targets SET queued = false, not_before = greatest(not_before, to_timestamp($3)) WHERE campaign_id = $1 AND device_id = ANY ($2::text[])
