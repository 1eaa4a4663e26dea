SELECT wave, state, members, excused, extract(epoch FROM soak_until), pending, offered, accepted, downloading,
       installed, trial, confirmed, rejected, failed, reverted, silent, cancelled, skipped,
       (SELECT count(*) FROM approvals a WHERE a.campaign_id = waves.campaign_id AND a.point = waves.name)
FROM waves WHERE campaign_id = $1 ORDER BY wave
