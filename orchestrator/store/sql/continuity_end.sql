-- What this database had committed is gone from it: it is treated as another one.
UPDATE service SET identity = 'lost' WHERE identity IS DISTINCT FROM 'lost'
