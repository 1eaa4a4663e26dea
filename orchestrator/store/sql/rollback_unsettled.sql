-- Earlier rollbacks of a campaign that have not settled, and what they have in flight. $1 campaign
SELECT count(DISTINCT c.campaign_id), coalesce(sum(w.offered + w.accepted + w.downloading + w.installed + w.trial), 0)
FROM campaigns c
LEFT JOIN waves w USING (campaign_id)
WHERE c.parent_id = $1 AND NOT c.settled
