-- What a product asks of its versions, and versions of both schemes (core/version).

-- The first character of a version tells its scheme.
CREATE FUNCTION version_scheme(version text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT CASE WHEN version ~ '^[0-9]' THEN 'semver' ELSE 'seed' END $$;

-- One scheme a ptype: products and releases refer to it, so that neither can be of another.
CREATE TABLE ptypes (
    ptype          integer PRIMARY KEY CHECK (ptype >= 0),
    version_scheme text NOT NULL CHECK (version_scheme IN ('seed', 'semver')),
    UNIQUE (ptype, version_scheme)
);
INSERT INTO ptypes SELECT ptype, 'seed' FROM products UNION SELECT ptype, 'seed' FROM firmware;

-- A new ptype has the scheme of its first product.
CREATE FUNCTION note_ptype() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ptypes VALUES (NEW.ptype, NEW.version_scheme) ON CONFLICT DO NOTHING;
    RETURN NEW;
END
$$;

-- max_version: no release above it is stored or offered. The keys are core/version_order's.
ALTER TABLE products
    ADD COLUMN version_scheme    text NOT NULL DEFAULT 'seed',
    ADD COLUMN max_version       text CHECK (length(max_version) BETWEEN 1 AND 63),
    ADD COLUMN max_version_order text COLLATE "C",
    ADD CHECK ((max_version IS NULL) = (max_version_order IS NULL)),
    ADD CONSTRAINT products_max_version_scheme CHECK (version_scheme(max_version) = version_scheme),
    ADD CONSTRAINT products_one_scheme_per_ptype FOREIGN KEY (ptype, version_scheme)
        REFERENCES ptypes (ptype, version_scheme) ON UPDATE CASCADE;
CREATE TRIGGER products_note_ptype BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION note_ptype();

-- The columns that go take the constraints and indexes on them along.
ALTER TABLE firmware ADD COLUMN version_order text COLLATE "C";
UPDATE firmware SET version_order = lpad(version_value::text, 3, '0') || version_type::text;
ALTER TABLE firmware
    DROP COLUMN version_type,
    DROP COLUMN version_value,
    ALTER COLUMN version_order SET NOT NULL,
    ADD COLUMN version_scheme text NOT NULL GENERATED ALWAYS AS (version_scheme(version)) STORED,
    ADD CONSTRAINT firmware_scheme_of_ptype FOREIGN KEY (ptype, version_scheme)
        REFERENCES ptypes (ptype, version_scheme),
    ADD CONSTRAINT firmware_version_parts CHECK (
        CASE version_scheme(version)
        WHEN 'seed' THEN version_order ~ '^[0-9]{3}[bv]$'
            AND version = format('%s%s.%s.%st%s(%s)', substr(version_order, 4, 1), substr(version_order, 1, 1),
                                 substr(version_order, 2, 1), substr(version_order, 3, 1), ptype, fota_class)
        ELSE length(version) <= 63 AND version_order ~ '^[0-9]{9,}(~|-[@#].+)$'
            AND right(version, length(format('t%s(%s)', ptype, fota_class))) = format('t%s(%s)', ptype, fota_class)
        END);
-- Which versions coexist: per ptype one version with FOTA and one without, of each value in the seed's scheme (its appendix I.II;
-- the key without its type), of each precedence in semver's, whose keys never end in b or v.
CREATE UNIQUE INDEX firmware_one_fota_per_value ON firmware (ptype, rtrim(version_order, 'bv')) WHERE fota_class <> 'n';
CREATE UNIQUE INDEX firmware_one_non_fota_per_value ON firmware (ptype, rtrim(version_order, 'bv'))
    WHERE fota_class = 'n';

ALTER TABLE devices ADD COLUMN version_order text COLLATE "C";
UPDATE devices SET version_order = lpad(version_value::text, 3, '0') || version_type::text WHERE version IS NOT NULL;
ALTER TABLE devices
    DROP COLUMN version_type,
    DROP COLUMN version_value,
    ADD CHECK ((version IS NULL) = (version_order IS NULL) AND (version IS NULL) = (fota_class IS NULL));

-- It read the columns that are gone; 0013 has what takes its place.
DROP FUNCTION eligible_devices(integer, integer[], text[], text[], bigint);
