SELECT count(*) FROM eligible_devices($1, $2::integer[], coalesce(string_to_array(nullif($3, ''), ','), '{}'),
                                      $4::text[], 0)
