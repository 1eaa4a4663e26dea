UPDATE waves SET verdict = $3 WHERE campaign_id = $1 AND wave = $2 AND verdict <> $3
