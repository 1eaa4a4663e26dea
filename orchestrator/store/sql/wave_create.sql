INSERT INTO waves (campaign_id, wave, name, members)
SELECT $1, place - 1, name, 0 FROM unnest($2::text[]) WITH ORDINALITY AS t(name, place)
