-- What the orchestrators' copies have to do with the failures of a campaign, in words; no row where no device says that it was sent other bytes. $1 campaign_id
WITH mistaken AS MATERIALIZED (
    SELECT firmware_id, count(*) AS devices FROM targets
    WHERE campaign_id = $1 AND state = 'failed' AND reason IN ('hash_mismatch', 'length_mismatch')
    GROUP BY firmware_id),
damage AS (
    SELECT max(c.damaged_at) AS at FROM mistaken JOIN images USING (firmware_id) JOIN image_checks c USING (sha256))
SELECT format('%s got other bytes than the release''s; the orchestrator''s copies of it %s', (SELECT sum(devices) FROM mistaken),
              CASE WHEN at IS NULL THEN 'are intact'
                   ELSE format('were damaged, and replaced at %s UTC', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')) END)
FROM damage
WHERE EXISTS (SELECT FROM mistaken)
