-- Releases as the seed has them (section 2.4): up to ten files, core and code name, and one that is current per ptype.

ALTER TABLE firmware
    ADD COLUMN corename   text NOT NULL DEFAULT '' CHECK (length(corename) <= 64),
    ADD COLUMN codename   text NOT NULL DEFAULT '' CHECK (length(codename) <= 64),
    ADD COLUMN is_current boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX firmware_one_current_per_ptype ON firmware (ptype) WHERE is_current;

-- The files of a release beside the images of its slots, stored as they came.
CREATE TABLE firmware_files (
    firmware_id bigint NOT NULL REFERENCES firmware,
    name        text COLLATE "C" NOT NULL CHECK (
                name ~ '^[A-Za-z0-9._-]{1,64}$' AND name NOT IN ('.', '..', 'user1.bin', 'user2.bin')),
    sha256      text NOT NULL REFERENCES image_bytes,
    PRIMARY KEY (firmware_id, name)
);

-- Every file of every release. slot is NULL for those that are no image of a slot.
CREATE VIEW firmware_contents AS
SELECT i.firmware_id, format('user%s.bin', i.slot) COLLATE "C" AS name, i.slot, i.sha256, b.size
FROM images i JOIN image_bytes b USING (sha256)
UNION ALL
SELECT f.firmware_id, f.name, NULL, f.sha256, b.size
FROM firmware_files f JOIN image_bytes b USING (sha256);
