-- How far calls are, and campaigns of one device. $1 calls, $2 campaigns. Kind, number, nonce, answer (NULL: none yet), reason,
-- whether it was sent
SELECT 'call', call_id, nonce, answer, '', sent_at IS NOT NULL FROM device_calls WHERE call_id = ANY ($1::bigint[])
UNION ALL
SELECT 'campaign', campaign_id, coalesce(nonce, ''), CASE WHEN state NOT IN ('pending', 'offered') THEN state END, reason,
       attempt > 0
FROM targets WHERE campaign_id = ANY ($2::bigint[])
