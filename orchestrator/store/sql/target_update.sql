UPDATE targets t
SET state = u.state, attempt = u.attempt, nonce = nullif(u.nonce, ''), withdrawn = u.withdrawn, progress = u.progress,
    reason = u.reason, deadline = to_timestamp(u.deadline), sent_at = to_timestamp(u.sent_at),
    not_before = to_timestamp(u.not_before), from_version = coalesce(u.from_version, t.from_version), from_sha256 = coalesce(u.from_sha256, t.from_sha256),
    -- Back among those that wait, while another campaign has taken the device.
    queued = u.state = 'pending' AND (t.queued OR EXISTS (
             SELECT FROM targets h WHERE h.device_id = t.device_id AND h.campaign_id <> t.campaign_id AND h.live)),
    failed_attempt = greatest(t.failed_attempt, u.failed_attempt),
    state_at = CASE WHEN t.state = u.state THEN t.state_at ELSE now() END
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::boolean[], $7::smallint[],
            $8::text[], $9::double precision[], $10::double precision[], $11::text[], $12::text[], $13::double precision[], $14::smallint[])
     AS u(campaign_id, device_id, state, attempt, nonce, withdrawn, progress, reason, deadline, sent_at,
          from_version, from_sha256, not_before, failed_attempt)
WHERE t.campaign_id = u.campaign_id AND t.device_id = u.device_id
