-- State, and devices in flight. $1 name, or number in digits
SELECT c.state, (SELECT coalesce(sum(w.offered + w.accepted + w.downloading + w.installed + w.trial), 0)
                 FROM waves w WHERE w.campaign_id = c.campaign_id)
FROM campaigns c WHERE c.name = $1::text OR c.campaign_id::text = $1::text
