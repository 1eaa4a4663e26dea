-- When copies of images were last found damaged, as Unix microseconds, 0 for never: images, and for each how many seconds ago the copy of the orchestrator that
-- asks was (-1: never).
SELECT u.sha256,
       coalesce(extract(epoch FROM greatest(c.damaged_at, CASE WHEN u.ago >= 0 THEN clock_timestamp() - make_interval(secs => u.ago) END)) * 1000000, 0)::bigint
FROM unnest($1::text[], $2::bigint[]) AS u(sha256, ago)
LEFT JOIN image_checks c USING (sha256)
