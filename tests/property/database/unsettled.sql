-- Campaigns that have not ended, a line each: name, state, and whether it waits for nothing but people: nobody in flight, nobody to be
-- offered anything, and its gate undecided.
SELECT string_agg(format('%s %s %s', name, state, (state = 'running' AND unwritten = 0 AND NOT EXISTS (
           SELECT FROM targets t JOIN waves w USING (campaign_id, wave)
           WHERE t.campaign_id = c.campaign_id AND (t.deadline IS NOT NULL OR w.state = 'soaking'
                 OR t.state = 'pending' AND w.state <> 'pending')))::integer), E'\n' ORDER BY campaign_id)
FROM campaigns c WHERE NOT settled
