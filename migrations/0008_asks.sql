-- Devices that are to be asked for a hello: those just registered, which may have connected long before.
CREATE TABLE asks (
    device_id text COLLATE "C" PRIMARY KEY REFERENCES devices ON DELETE CASCADE
);
