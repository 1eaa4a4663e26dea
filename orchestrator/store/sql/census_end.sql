-- They are read: id, when that began (NULL: it broke off).
UPDATE service SET census_done = coalesce(to_timestamp($2), census_done), census_by = NULL, census_lease = NULL WHERE census_by = $1
