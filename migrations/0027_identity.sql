-- A campaign's number on the wire is random, 53 bits, and not the database's sequence: a restored or new database makes no number again that a
-- device has an old result of. Campaigns that are there keep theirs.
ALTER TABLE campaigns ADD COLUMN wire_number bigint;
UPDATE campaigns SET wire_number = campaign_id;
-- The last 56 bits of a version 4 UUID are random, those of its version and variant stand before them.
CREATE FUNCTION random_wire_number() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT greatest(1, ('x' || right(replace(gen_random_uuid()::text, '-', ''), 14))::bit(56)::bigint & 9007199254740991)
$$;
ALTER TABLE campaigns
    ALTER COLUMN wire_number SET NOT NULL,
    ALTER COLUMN wire_number SET DEFAULT random_wire_number(),
    ADD CONSTRAINT campaigns_wire_number_unique UNIQUE (wire_number),
    ADD CONSTRAINT campaigns_wire_number_check CHECK (wire_number BETWEEN 1 AND 9007199254740991);
