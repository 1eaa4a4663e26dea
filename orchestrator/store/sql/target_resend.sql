-- These devices have just connected and are not at work: what is out to them has to be sent again.
UPDATE targets SET sent_at = NULL
WHERE device_id = ANY ($1::text[]) AND live AND in_flight AND state IN ('offered', 'accepted', 'downloading')
