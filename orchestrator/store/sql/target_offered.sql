-- Claimed targets (target_claim.sql), which are locked: each stands where it was read. $1 place, $2 attempt, $3 nonce, $4 and $5 what the device runs,
-- $6 deadline, $7 sent at
UPDATE targets t
SET state = 'offered', attempt = u.attempt, nonce = u.nonce, withdrawn = false, download_stopped = false, progress = 0, reason = '', rebooted = false, boot = NULL, restarts = 0, retrials = 0, boots = 0, deadline = to_timestamp($6),
    sent_at = to_timestamp($7), not_before = NULL, from_version = coalesce(u.from_version, t.from_version),
    from_sha256 = coalesce(u.from_sha256, t.from_sha256), state_at = now()
FROM unnest($1::tid[], $2::smallint[], $3::text[], $4::text[], $5::text[]) AS u(place, attempt, nonce, from_version, from_sha256)
WHERE t.ctid = u.place AND t.ctid = ANY ($1::tid[])
