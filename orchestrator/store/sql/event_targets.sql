INSERT INTO events (subject, campaign_id, wave, device_id, attempt, from_state, to_state, reason)
SELECT 'target', t.*
FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[]) AS t
