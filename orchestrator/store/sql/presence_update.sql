-- Signs of life, and what devices have said of their connection (said; else what is stored stays). Nobody asks when to the second: a mere sign
-- of life of an online device less than ten seconds after the last one is not written. One that went and came back in between (was_offline) has changed all the
-- same. A hello is noted with the time at which it came (age: for how many seconds it
-- has waited to be stored): one that came before the question is no answer. A device that is not online by what is stored, and yet reports, is asked for a hello.
-- So is one whose connection has ended: that may be the end of an earlier one, come late by way of another orchestrator.
WITH said AS (
    SELECT * FROM unnest($1::text[], $2::boolean[], $3::boolean[], $4::boolean[], $5::boolean[], $6::boolean[], $7::text[], $8::boolean[], $9::text[], $10::double precision[])
         AS u(device_id, said, online, was_offline, awaits_hello, has_hello, session, session_over, boots, age)),
updated AS (
    UPDATE presence p
    SET online = CASE WHEN u.said THEN u.online ELSE p.online END,
        last_seen = CASE WHEN u.said AND NOT u.online THEN p.last_seen ELSE now() END,
        changed_at = CASE WHEN u.said AND (u.online <> p.online OR u.was_offline) THEN now() ELSE p.changed_at END,
        awaits_hello = CASE WHEN u.said THEN u.awaits_hello ELSE p.awaits_hello END,
        session = CASE WHEN u.said THEN u.session ELSE p.session END,
        session_over = CASE WHEN u.said THEN u.session_over ELSE p.session_over END,
        boots = CASE WHEN u.said THEN u.boots ELSE p.boots END,
        hello_at = CASE WHEN u.has_hello THEN greatest(p.hello_at, now() - make_interval(secs => u.age)) ELSE p.hello_at END,
        resumed_at = CASE WHEN u.has_hello AND (p.resumed_at > (SELECT outage_ended FROM service)) IS NOT TRUE
                          THEN now() - make_interval(secs => u.age) ELSE p.resumed_at END,
        probed_at = CASE WHEN u.has_hello AND p.probed_at <= now() - make_interval(secs => u.age) THEN NULL ELSE p.probed_at END
    FROM said u
    WHERE p.device_id = u.device_id
      AND (u.said OR u.has_hello OR NOT p.online OR p.last_seen IS NULL OR p.last_seen < now() - interval '10 seconds')
    RETURNING p.device_id, p.online)
INSERT INTO asks (device_id)
SELECT device_id FROM updated WHERE NOT online ORDER BY device_id
ON CONFLICT (device_id) DO NOTHING
