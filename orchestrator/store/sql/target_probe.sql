-- The next that would be offered something had they been heard of lately (target_claim.sql): they are asked for a hello first, and not again before
-- they have answered or are found to be gone (presence_unanswered.sql). Campaign, how many are to be asked or waited for at a time, zones, seconds.
WITH campaign AS MATERIALIZED (
    SELECT kind, priority, (SELECT max(wave) FROM waves WHERE campaign_id = $1 AND state IN ('open', 'soaking', 'passed')) AS last_wave
    FROM campaigns WHERE campaign_id = $1),
heard AS MATERIALIZED (
    SELECT greatest(heard_since, clock_timestamp() - make_interval(secs => $4)) AS since FROM service),
asked AS MATERIALIZED (
    SELECT count(*) AS devices FROM presence p JOIN targets t ON t.device_id = p.device_id AND t.campaign_id = $1 AND t.waiting
    WHERE p.probed_at IS NOT NULL),
picked AS MATERIALIZED (
    SELECT t.device_id
    FROM targets t
    WHERE t.campaign_id = $1 AND t.waiting AND t.wave <= (SELECT last_wave FROM campaign)
      AND (SELECT w.state FROM waves w WHERE w.campaign_id = $1 AND w.wave = t.wave) IN ('open', 'soaking', 'passed')
      AND (SELECT p.online AND NOT p.awaits_hello AND p.probed_at IS NULL
                  AND greatest(p.changed_at, p.last_seen, p.hello_at) <= (SELECT since FROM heard)
           FROM presence p WHERE p.device_id = t.device_id)
      AND ($3::text[] IS NULL OR t.time_zone = ANY ($3::text[]))
      AND (t.not_before IS NULL OR t.not_before <= now())
      AND ((SELECT kind FROM campaign) <> 'update'
           OR (SELECT count(*) FROM quarantines q WHERE q.device_id = t.device_id AND q.until > now()) = 0)
    ORDER BY t.campaign_id, t.wave, t.position
    LIMIT greatest(0, $2 - (SELECT devices FROM asked))),
locked AS MATERIALIZED (
    SELECT p.device_id FROM presence p JOIN picked USING (device_id) ORDER BY p.device_id FOR UPDATE OF p)
UPDATE presence p SET probed_at = clock_timestamp() FROM locked l WHERE p.device_id = l.device_id
RETURNING p.device_id
