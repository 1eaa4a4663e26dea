-- What devices answer; the first answer counts. Returns the nonces that a call of that device has.
WITH said AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS s(device_id, nonce, answer)),
written AS (UPDATE device_calls c SET answered_at = now(), answer = s.answer
            FROM said s WHERE c.nonce = s.nonce AND c.device_id = s.device_id AND c.answered_at IS NULL)
SELECT c.device_id, c.nonce FROM device_calls c JOIN said s USING (device_id, nonce)
