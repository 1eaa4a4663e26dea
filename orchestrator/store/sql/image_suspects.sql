-- Images that devices say they were sent wrongly, since a moment: Unix microseconds. And when.
SELECT sha256, (extract(epoch FROM suspected_at) * 1000000)::bigint FROM image_checks
WHERE suspected_at > to_timestamp($1::bigint / 1000000.0)
ORDER BY suspected_at
