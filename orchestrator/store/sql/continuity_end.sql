-- What this database had committed at $1 (microseconds) is gone from it: it is treated as another one, unless that is known already.
UPDATE service SET identity = 'lost'
WHERE identity IS DISTINCT FROM 'lost' AND (discontinued_at > timestamptz 'epoch' + $1::bigint * interval '1 microsecond') IS NOT TRUE
