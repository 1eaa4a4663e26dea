-- Devices were sent other bytes than those of these images: images (one may come twice), and when a copy of each was last found damaged, as Unix microseconds, 0 for
-- never.
INSERT INTO image_checks AS c (sha256, suspicions, damaged_at)
SELECT u.sha256, 1, to_timestamp(nullif(max(u.damaged_at), 0) / 1000000.0)
FROM unnest($1::text[], $2::bigint[]) AS u(sha256, damaged_at)
JOIN image_bytes USING (sha256)
GROUP BY u.sha256
ORDER BY u.sha256
ON CONFLICT (sha256) DO UPDATE SET suspicions = c.suspicions + 1, suspected_at = clock_timestamp(), damaged_at = greatest(c.damaged_at, excluded.damaged_at)
