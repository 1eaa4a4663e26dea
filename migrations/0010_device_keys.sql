-- Keys of devices, when they were first heard of, and what their flash can hold.

-- Only the hash of a key is kept. A master key is the device's own; an owner key may send it calls.
CREATE TABLE device_keys (
    key_sha256 text PRIMARY KEY CHECK (key_sha256 ~ '^[0-9a-f]{64}$'),
    device_id  text COLLATE "C" NOT NULL REFERENCES devices ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('master', 'owner')),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE UNIQUE INDEX device_keys_one_in_force ON device_keys (device_id, kind) WHERE revoked_at IS NULL;

ALTER TABLE devices
    ADD COLUMN activated_at timestamptz, -- its first contact
    ADD COLUMN flash_kb     integer,     -- of its chip, and how it is divided (core/flash_map); NULL: not known
    ADD COLUMN flash_map    text,
    ADD COLUMN image_max    integer;     -- bytes that an image may have there
