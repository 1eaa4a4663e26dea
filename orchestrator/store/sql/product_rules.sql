-- What the products of a ptype ask of a release: their scheme, how many they are, how many have a ceiling below it, and the
-- lowest of those with its ceiling. $1 ptype, $2 the release's order
SELECT min(version_scheme), count(*), count(*) FILTER (WHERE max_version_order < $2::text),
       (array_agg(name ORDER BY max_version_order, product_id))[1],
       (array_agg(max_version ORDER BY max_version_order, product_id))[1]
FROM products WHERE ptype = $1
