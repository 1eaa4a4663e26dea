SELECT wave, state, members, excused, extract(epoch FROM soak_until), pending, offered, accepted, downloading,
       installed, trial, confirmed, rejected, failed, reverted, silent, cancelled, skipped
FROM waves WHERE campaign_id = $1 ORDER BY wave
