-- Devices that have something in flight, in any campaign.
SELECT t.device_id
FROM campaigns c
JOIN targets t USING (campaign_id)
WHERE NOT c.settled AND t.in_flight
ORDER BY t.device_id
