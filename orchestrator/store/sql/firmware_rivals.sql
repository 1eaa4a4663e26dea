-- The stored versions that the new one may not stand beside (migrations/0009). $1 ptype, $2 order, $3 class
SELECT version FROM firmware
WHERE ptype = $1 AND rtrim(version_order, 'bv') = rtrim($2::text, 'bv') AND (fota_class = 'n') = ($3 = 'n')
ORDER BY version
