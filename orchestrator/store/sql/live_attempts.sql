-- Which devices may download which images: those of the attempts in flight that nobody has withdrawn, of devices whose key was not revoked. A row for each image.
SELECT i.sha256, string_agg(t.device_id, ',')
FROM campaigns c
JOIN targets t USING (campaign_id)
JOIN images i ON i.firmware_id = t.firmware_id
WHERE NOT c.settled
  AND t.in_flight AND NOT t.withdrawn
  AND NOT EXISTS (SELECT FROM device_keys r
                  WHERE r.device_id = t.device_id AND r.kind = 'master' AND r.revoked_at IS NOT NULL
                    AND NOT EXISTS (SELECT FROM device_keys k WHERE k.device_id = r.device_id AND k.kind = 'master' AND k.revoked_at IS NULL))
GROUP BY i.sha256
