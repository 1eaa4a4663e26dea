-- ptype, versions, tags, devices, firmware
SELECT count(*) FROM eligible_devices($1, $2::text[], coalesce(string_to_array(nullif($3, ''), ','), '{}'),
                                      $4::text[], $5, 0)
