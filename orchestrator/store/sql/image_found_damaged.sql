-- A copy of an image was found damaged, and was replaced. $1 sha256, $2 how many seconds ago
UPDATE image_checks SET damaged_at = greatest(damaged_at, clock_timestamp() - make_interval(secs => $2::bigint)) WHERE sha256 = $1
