-- device, nonce, actor, seconds to answer in
INSERT INTO device_calls (device_id, action, nonce, created_by, deadline)
VALUES ($1, 'reboot', $2, $3, now() + make_interval(secs => $4))
RETURNING call_id
