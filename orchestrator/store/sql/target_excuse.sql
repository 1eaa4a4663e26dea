-- What has ended badly so far in waves that are resumed after a halt: campaign
UPDATE targets SET excused_attempt = attempt
WHERE campaign_id = $1 AND ended_badly AND wave IN (SELECT wave FROM waves WHERE campaign_id = $1 AND state = 'failed')
