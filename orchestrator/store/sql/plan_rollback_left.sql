-- Devices that run the parent's firmware and that its rollback could not take: rollback campaign, parent campaign. First
-- those in another live campaign, then those whose previous image is not known.
SELECT count(*) FILTER (WHERE l.device_id IS NOT NULL), count(*) FILTER (WHERE l.device_id IS NULL)
FROM targets t
JOIN devices d USING (device_id)
LEFT JOIN targets l ON l.device_id = t.device_id AND l.campaign_id <> $1
     AND l.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial')
WHERE t.campaign_id = $2 AND t.attempt > 0 AND d.version = t.to_version
  AND NOT EXISTS (SELECT FROM targets r WHERE r.campaign_id = $1 AND r.device_id = t.device_id)
