-- Results of attempts that this database knows nothing of: the newest of each registered device. Devices, numbers on the wire, attempts, nonces, results,
-- reasons, versions, hashes; the newest first.
INSERT INTO foreign_results AS f (device_id, campaign, attempt, nonce, result, reason, version, sha256)
SELECT DISTINCT ON (u.device_id) u.device_id, u.campaign, u.attempt, u.nonce, u.result, u.reason, u.version, u.sha256
FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) WITH ORDINALITY
     AS u(device_id, campaign, attempt, nonce, result, reason, version, sha256, place)
JOIN devices USING (device_id)
ORDER BY u.device_id, u.place
ON CONFLICT (device_id) DO UPDATE
SET at = now(), campaign = excluded.campaign, attempt = excluded.attempt, nonce = excluded.nonce, result = excluded.result,
    reason = excluded.reason, version = excluded.version, sha256 = excluded.sha256, times = f.times + 1
