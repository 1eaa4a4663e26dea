-- A key that a signature names; it is not revoked before that signature is stored. $1 key_id
SELECT name, public_key, revoked_at IS NOT NULL FROM public_keys WHERE key_id = $1 FOR SHARE
