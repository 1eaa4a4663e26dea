-- In the order of their places, which nothing but a scan asks for.
CREATE TEMPORARY TABLE planned (
    place     bigint NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    slot      smallint,
    tags      text[], -- where waves are cut by tags
    queued    boolean NOT NULL, -- another campaign has it
    wave      smallint -- where waves are cut by tags
) ON COMMIT DROP
