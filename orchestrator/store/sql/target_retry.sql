-- Outcomes of attempts that are to be tried again: campaign, states, attempts allowed, the reason of those that had none,
-- and as for target_outage_undecided.sql the evidence and the seconds: what an outage may yet explain waits until that is known. A
-- quarantined device is not tried again, but for its way back; one that is not registered any more never. In the order in which ingest locks them, and waited for: a failure left out here would
-- be held against the campaign. One that was to be tried again, and has ended without another attempt, stays the failure that it was. The last columns: attempts of the hops done, and those that outages have cost or that were burnt; whether this one is excused.
SELECT t.campaign_id, t.device_id, t.wave, t.state, t.attempt, coalesce(t.nonce, ''), t.withdrawn, t.progress,
       t.reason, extract(epoch FROM t.deadline), extract(epoch FROM t.sent_at), t.to_version, t.flip_sha256,
       i1.sha256, b1.size, i2.sha256, b2.size, t.attempt_base + t.outage_attempts + t.burnt_attempts,
       t.attempt = t.excused_attempt
FROM targets t
LEFT JOIN images i1 ON i1.firmware_id = t.firmware_id AND i1.slot = 1
LEFT JOIN image_bytes b1 ON b1.sha256 = i1.sha256
LEFT JOIN images i2 ON i2.firmware_id = t.firmware_id AND i2.slot = 2
LEFT JOIN image_bytes b2 ON b2.sha256 = i2.sha256
WHERE t.campaign_id = $1 AND t.ended_badly AND t.state = ANY ($2::text[])
  AND EXISTS (SELECT FROM devices d WHERE d.device_id = t.device_id)
  AND t.attempt - t.attempt_base - t.outage_attempts - t.burnt_attempts < $3 AND t.reason <> $4
  AND NOT (t.state = 'failed' AND t.failed_attempt = t.attempt)
  AND NOT (t.explainable AND t.outage_attempts < 2
           AND ((t.state_at > to_timestamp($5)) IS NOT FALSE
                OR ($6::bigint IS NOT NULL AND EXISTS (SELECT FROM outages WHERE ended > now() - make_interval(secs => $6::bigint)))))
  AND NOT EXISTS (SELECT FROM quarantines q WHERE q.device_id = t.device_id AND q.until > now()
                  AND (SELECT kind FROM campaigns WHERE campaign_id = $1) = 'update')
ORDER BY t.campaign_id, t.device_id
FOR UPDATE OF t
