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

-- As before, and without devices whose flash map has no room for the firmware's largest image.
CREATE OR REPLACE FUNCTION eligible_devices(wanted_ptype integer, wanted_versions text[], wanted_tags text[],
                                 wanted_devices text[], wanted_firmware bigint, seed bigint)
RETURNS TABLE (device_id text, version text, image_sha256 text, place bigint)
LANGUAGE sql STABLE AS $$
    SELECT d.device_id, d.version, d.image_sha256,
           row_number() OVER (ORDER BY hashtextextended(d.device_id, seed), d.device_id)
    FROM devices d
    WHERE d.ptype = wanted_ptype
      AND d.version = ANY (wanted_versions)
      AND d.tags @> wanted_tags
      AND (wanted_devices = '{}' OR d.device_id = ANY (wanted_devices))
      AND NOT EXISTS (SELECT FROM products p, firmware f
                      WHERE p.product_id = d.product_id AND f.firmware_id = wanted_firmware
                        AND p.max_version_order < f.version_order)
      AND (d.image_max IS NULL
           OR d.image_max >= (SELECT max(b.size) FROM images i JOIN image_bytes b USING (sha256)
                              WHERE i.firmware_id = wanted_firmware))
      AND NOT EXISTS (SELECT FROM targets t WHERE t.device_id = d.device_id
                      AND t.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial'))
$$;
