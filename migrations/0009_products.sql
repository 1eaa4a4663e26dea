-- What a product asks of its versions.

ALTER TABLE products
    ADD COLUMN version_scheme text NOT NULL DEFAULT 'seed' CHECK (version_scheme IN ('seed', 'semver')),
    ADD COLUMN max_version    text; -- no release above it is stored or offered
