CREATE TEMPORARY TABLE planned (
    place        bigint PRIMARY KEY,
    device_id    text COLLATE "C" NOT NULL,
    version      text NOT NULL,
    image_sha256 text,
    tags         text[] NOT NULL,
    queued       boolean NOT NULL -- another campaign has it
) ON COMMIT DROP
