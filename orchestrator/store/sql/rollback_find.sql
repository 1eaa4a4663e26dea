-- The latest rollback of a campaign since the campaign went into its state.
SELECT c.campaign_id, c.name, c.state, c.members,
       (SELECT coalesce(sum(confirmed), 0) FROM waves w WHERE w.campaign_id = c.campaign_id)
FROM campaigns c
JOIN campaigns p ON p.campaign_id = c.parent_id
WHERE c.parent_id = $1 AND c.created_at >= p.state_at
ORDER BY c.campaign_id DESC LIMIT 1
