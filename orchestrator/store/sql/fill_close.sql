-- Members that the campaign's plan does not have any more, since somebody has deleted them, are none. $1 campaign
WITH missing AS (
    SELECT wave, members - (SELECT count(*) FROM targets t WHERE t.campaign_id = $1 AND t.wave = w.wave) AS devices
    FROM waves w WHERE campaign_id = $1),
closed AS (
    UPDATE waves w SET members = w.members - m.devices, pending = w.pending - m.devices
    FROM missing m WHERE w.campaign_id = $1 AND w.wave = m.wave)
UPDATE campaigns SET members = members - unwritten, unwritten = 0 WHERE campaign_id = $1
