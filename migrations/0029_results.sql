-- Whose result a result is (docs/protocol.md, "Identity"): what firmware understands, results of attempts that this database knows nothing of, and
-- attempts whose number an older firmware takes for another's.
ALTER TABLE devices ADD COLUMN can text NOT NULL DEFAULT ''; -- words with commas between, as its hello says them

ALTER TABLE targets ADD COLUMN burnt_attempts smallint NOT NULL DEFAULT 0 CHECK (burnt_attempts BETWEEN 0 AND 8); -- of this hop; not counted

-- The newest of each device, so that it does not grow with what devices send.
CREATE TABLE foreign_results (
    device_id text COLLATE "C" PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    at        timestamptz NOT NULL DEFAULT now(),
    campaign  bigint NOT NULL, -- its number on the wire
    attempt   integer NOT NULL,
    nonce     text NOT NULL,   -- '' where the firmware says none
    result    text NOT NULL,
    reason    text NOT NULL,
    version   text,            -- what ran, where the result says it
    sha256    text,
    times     bigint NOT NULL DEFAULT 1
);
CREATE VIEW ops.foreign_results AS
SELECT device_id AS device, at, campaign AS campaign_number, attempt, nonce, result, reason, version, sha256, times FROM foreign_results;
GRANT SELECT ON ops.foreign_results TO ops_reader;

-- Devices whose row was deleted while a campaign had them: their targets end, and give their places back.
CREATE TABLE removed_devices (
    device_id text COLLATE "C" PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION note_removed_devices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO removed_devices (device_id)
    SELECT r.device_id FROM removed r WHERE EXISTS (SELECT FROM targets t WHERE t.device_id = r.device_id AND t.live)
    ON CONFLICT (device_id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER devices_removed AFTER DELETE ON devices REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION note_removed_devices();
