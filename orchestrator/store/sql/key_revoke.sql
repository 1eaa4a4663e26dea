-- Returns the key's id and whether it was in force until now. $1 name
WITH known AS (SELECT key_id, revoked_at IS NULL AS in_force FROM public_keys WHERE name = $1 FOR UPDATE),
revoked AS (UPDATE public_keys k SET revoked_at = now() FROM known WHERE k.key_id = known.key_id AND known.in_force)
SELECT key_id, in_force FROM known
