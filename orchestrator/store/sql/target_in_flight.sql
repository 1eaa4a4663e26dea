-- Devices in the middle of an update, in any campaign.
SELECT t.device_id
FROM campaigns c
JOIN targets t USING (campaign_id)
WHERE NOT c.settled AND t.in_flight AND t.state <> 'offered'
ORDER BY t.device_id
