-- The first of these hashes of keys (NULL for none) that is taken: its place from 0, and whether it stands in the list before.
SELECT place - 1, nth > 1
FROM (SELECT hash, place, row_number() OVER (PARTITION BY hash ORDER BY place) AS nth
      FROM unnest($1::text[]) WITH ORDINALITY AS given(hash, place)
      WHERE hash IS NOT NULL) AS given
WHERE nth > 1 OR EXISTS (SELECT FROM device_keys k WHERE k.key_sha256 = given.hash)
ORDER BY place LIMIT 1
