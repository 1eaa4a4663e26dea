-- What reports say of targets that were read without a lock (target_read.sql). A version of a row is known by its place and its writer: where another
-- has changed it since, it is not found, and whoever asked sees that there were fewer.
UPDATE targets t
SET state = u.state, attempt = u.attempt, withdrawn = u.withdrawn, progress = u.progress, reason = u.reason, deadline = to_timestamp(u.deadline),
    -- Back among those that wait, while another campaign has taken the device.
    queued = u.state = 'pending' AND (t.queued OR EXISTS (
             SELECT FROM targets h WHERE h.device_id = t.device_id AND h.campaign_id <> t.campaign_id AND h.live)),
    state_at = CASE WHEN t.state = u.state THEN t.state_at ELSE now() END
FROM unnest($1::tid[], $2::xid[], $3::text[], $4::boolean[], $5::smallint[], $6::text[], $7::double precision[], $8::smallint[])
     AS u(place, writer, state, withdrawn, progress, reason, deadline, attempt)
WHERE t.ctid = u.place AND t.xmin = u.writer
