-- One release, kept from campaigns that would begin to use it (firmware_find). $1 version, canonical
SELECT firmware_id, ptype, is_current FROM firmware WHERE version = $1 FOR UPDATE
