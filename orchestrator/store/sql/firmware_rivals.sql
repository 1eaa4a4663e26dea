-- The stored versions that the new one may not stand beside (appendix I.II).
SELECT version FROM firmware
WHERE ptype = $1 AND version_value = $2 AND (fota_class = 'n') = ($3 = 'n')
ORDER BY version
