-- One product, and two releases for it. What its devices run at first was never uploaded.
INSERT INTO products (name, ptype) VALUES ('lamp', 45772);
INSERT INTO firmware (version, ptype, version_order, fota_class, created_by)
VALUES ('v1.1.0t45772(a)', 45772, '110v', 'a', 'tester'), ('v1.2.0t45772(a)', 45772, '120v', 'a', 'tester');
INSERT INTO image_bytes
SELECT encode(sha256(b), 'hex'), octet_length(b), b FROM (SELECT n::text::bytea FROM generate_series(1, 4) n) t(b);
INSERT INTO images
SELECT f.firmware_id, slot, encode(sha256((2 * (f.firmware_id - 1) + slot)::text::bytea), 'hex')
FROM firmware f, generate_series(1, 2) slot;
SELECT NULL
