UPDATE waves SET excused = $3 WHERE campaign_id = $1 AND wave = $2
