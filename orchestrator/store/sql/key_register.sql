-- key_id, name, public key (DER), actor
INSERT INTO public_keys (key_id, name, public_key, created_by) VALUES ($1, $2, $3, $4)
