-- Those the ticker looks at: not ended, or ended with devices still in flight.
SELECT campaign_id FROM campaigns WHERE NOT settled AND state <> 'draft' ORDER BY campaign_id
