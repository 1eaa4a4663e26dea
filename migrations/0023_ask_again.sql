-- Whoever is asked for a hello may answer to an orchestrator that is gone, which the broker has not noticed yet: it is asked once more.
ALTER TABLE asks
    ADD COLUMN due   timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN times smallint    NOT NULL DEFAULT 1 CHECK (times IN (1, 2));
CREATE INDEX asks_due ON asks (due, device_id);
