-- Calls to one device, answered once it has acknowledged: any orchestrator sends them, any takes the answer.

CREATE TABLE device_calls (
    call_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id   text COLLATE "C" NOT NULL REFERENCES devices ON DELETE CASCADE,
    action      text NOT NULL CHECK (action IN ('reboot')),
    nonce       text NOT NULL UNIQUE CHECK (nonce ~ '^[0-9a-f]{16}$'),
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    deadline    timestamptz NOT NULL,
    sent_at     timestamptz,
    answered_at timestamptz,
    answer      text
);
CREATE INDEX device_calls_to_send ON device_calls (call_id) WHERE sent_at IS NULL;
