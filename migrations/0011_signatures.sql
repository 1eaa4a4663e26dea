-- Signatures of releases, and the public keys that check them. Private keys never come here.

CREATE TABLE public_keys (
    key_id     text PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{64}$'), -- SHA-256 of the key
    name       text NOT NULL CONSTRAINT public_keys_name_unique UNIQUE CHECK (name ~ '^[A-Za-z0-9._-]{1,64}$'),
    public_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    revoked_at timestamptz
);

ALTER TABLE firmware
    ADD COLUMN requires text, -- the lowest version that may go straight to it
    ADD COLUMN sequence bigint NOT NULL DEFAULT 0 CHECK (sequence BETWEEN 0 AND 4294967295);

CREATE TABLE firmware_signatures (
    firmware_id bigint NOT NULL REFERENCES firmware ON DELETE CASCADE,
    key_id      text NOT NULL REFERENCES public_keys,
    signature   bytea NOT NULL CHECK (octet_length(signature) = 64),
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL,
    PRIMARY KEY (firmware_id, key_id)
);

ALTER TABLE products ADD COLUMN require_signature boolean NOT NULL DEFAULT false;

-- Whether a release has no signature by a key in force, and a product of its type requires one.
CREATE FUNCTION lacks_signature(release bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM firmware f JOIN products p USING (ptype)
                   WHERE f.firmware_id = release AND p.require_signature)
       AND NOT EXISTS (SELECT FROM firmware_signatures s JOIN public_keys k USING (key_id)
                       WHERE s.firmware_id = release AND k.revoked_at IS NULL)
$$;
