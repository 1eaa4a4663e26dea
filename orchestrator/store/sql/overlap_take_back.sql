-- They are the campaign's again, in the middle of what they were at: campaign, devices
UPDATE targets SET queued = false, not_before = now() WHERE campaign_id = $1 AND device_id = ANY ($2::text[])
