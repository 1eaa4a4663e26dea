-- As JSON ($1 true) or as a table.
SELECT CASE WHEN $1 THEN
    (SELECT json_build_object('tokens', coalesce(json_agg(json_build_object('name', name, 'role', role,
         'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
         'revoked_at', to_char(revoked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) ORDER BY name), '[]'))::text
     FROM tokens)
ELSE
    (SELECT concat_ws(E'\n', format('%-32s  %-8s  %-19s  %s', 'NAME', 'ROLE', 'CREATED (UTC)', 'REVOKED (UTC)'),
         string_agg(format('%-32s  %-8s  %-19s  %s', name, role,
             to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
             coalesce(to_char(revoked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), '-')), E'\n' ORDER BY name))
     FROM tokens)
END
