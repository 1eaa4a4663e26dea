-- The time is given, since a default that is asked for each row would keep COPY from writing many rows at once.
COPY events (at, subject, campaign_id, wave, device_id, attempt, from_state, to_state, reason) FROM STDIN
