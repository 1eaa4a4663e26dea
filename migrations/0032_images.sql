-- Images that devices were sent wrongly, by what they say (hash_mismatch, length_mismatch): every orchestrator then looks at its own copy.
CREATE TABLE image_checks (
    sha256       text PRIMARY KEY REFERENCES image_bytes ON DELETE CASCADE,
    suspicions   bigint NOT NULL DEFAULT 0 CHECK (suspicions >= 0), -- batches of reports that said so
    suspected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    damaged_at   timestamptz                                       -- when a copy was last found damaged, and was replaced; NULL: none ever was
);
CREATE INDEX image_checks_suspected ON image_checks (suspected_at);
CREATE VIEW ops.image_checks AS SELECT sha256, suspicions, suspected_at, damaged_at FROM image_checks;
GRANT SELECT ON ops.image_checks TO ops_reader;

-- Image servers ask often which devices may download. Of those the few whose master key was revoked are found by this.
CREATE INDEX device_keys_revoked ON device_keys (device_id) WHERE kind = 'master' AND revoked_at IS NOT NULL;
