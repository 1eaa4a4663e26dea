-- Members that wait in a wave because they are offline, and when the first of them is given up: campaign, wave, seconds.
SELECT count(*), to_char((min(greatest(w.opened_at, p.changed_at, t.not_before)) + make_interval(secs => $3)) AT TIME ZONE 'UTC',
                         'YYYY-MM-DD HH24:MI:SS')
FROM targets t
JOIN waves w USING (campaign_id, wave)
JOIN presence p USING (device_id)
WHERE t.campaign_id = $1 AND t.wave = $2 AND t.live AND t.waiting AND NOT p.online
