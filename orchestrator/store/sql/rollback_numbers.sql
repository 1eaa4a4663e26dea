-- What a rollback of a campaign would do now: the numbers, and how many devices go back or may yet. $1 campaign
WITH judged AS MATERIALIZED (SELECT * FROM judged_rollback($1)),
left_out AS (SELECT left_out, count(*) AS devices FROM judged WHERE left_out IS NOT NULL GROUP BY left_out)
SELECT json_build_object(
           'flip', count(*) FILTER (WHERE way = 'flip'), 'download', count(*) FILTER (WHERE way = 'download'),
           'bytes', coalesce(sum(bytes), 0),
           'left_out', (SELECT coalesce(json_object_agg(left_out, devices ORDER BY left_out), '{}') FROM left_out)),
       count(*) FILTER (WHERE way IS NOT NULL OR left_out = 'still_in_flight')
FROM judged
