-- Notes that members in these time zones ($2) can be offered something: campaign, zones, the campaign's clock, and the seconds for which an offline
-- member is waited for ($4). Where the ticker did not look for a minute (windows are closed for as long at least), the campaign has stood still, its
-- tick has failed, or there was an outage, that time is left out: also one that goes on, as only what was served is noted;
-- after an outage so are the 60 seconds in which devices connect again. Written every hundredth of $4, once a minute at least. What nobody can be
-- waited for any more is forgotten.
WITH now AS MATERIALIZED (
    SELECT u.at, to_timestamp($3) - CASE WHEN clock_timestamp() - u.at > interval '3 seconds' THEN interval '0' ELSE clock_timestamp() - u.at END AS clock,
           c.state_at AS moved_at, s.outage_ended, least($4::double precision / 100, 60) AS step, c.tick_error IS NOT NULL AS failed
    FROM campaigns c CROSS JOIN service s CROSS JOIN LATERAL (SELECT least(clock_timestamp(), s.served_until) AS at) u
    WHERE c.campaign_id = $1 AND NOT s.offers_held AND (s.outage_ended > clock_timestamp() - interval '60 seconds') IS NOT TRUE),
newest AS MATERIALIZED (
    SELECT z.time_zone, o.began, o.ended, coalesce(o.open_before + extract(epoch FROM o.ended - o.began), 0) AS open,
           (NOT n.failed AND o.ended >= n.at - make_interval(secs => n.step + 60) AND o.ended >= n.moved_at AND (n.outage_ended > o.ended) IS NOT TRUE)
               IS TRUE AS goes_on
    FROM now n
    CROSS JOIN unnest($2::text[]) AS z(time_zone)
    LEFT JOIN LATERAL (SELECT * FROM offer_times o WHERE o.campaign_id = $1 AND o.time_zone = z.time_zone
                       ORDER BY o.campaign_id, o.time_zone, o.began DESC LIMIT 1) o ON true),
extended AS (
    UPDATE offer_times o SET ended = n.at
    FROM newest w, now n
    WHERE o.campaign_id = $1 AND o.time_zone = w.time_zone AND o.began = w.began AND w.goes_on AND w.ended < n.at - make_interval(secs => n.step)),
again AS ( -- of no length: nothing is lost with it
    UPDATE offer_times o SET began = n.at, ended = n.at, clock_began = n.clock
    FROM newest w, now n
    WHERE o.campaign_id = $1 AND o.time_zone = w.time_zone AND o.began = w.began AND NOT w.goes_on AND w.ended = w.began),
forgotten AS (
    DELETE FROM offer_times o USING newest w
    WHERE o.campaign_id = $1 AND o.time_zone = w.time_zone AND o.began < w.began
      AND o.open_before + extract(epoch FROM o.ended - o.began) < w.open - $4::double precision)
INSERT INTO offer_times (campaign_id, time_zone, began, ended, open_before, clock_began)
SELECT $1, w.time_zone, n.at, n.at, w.open, n.clock FROM newest w, now n WHERE NOT w.goes_on AND (w.began IS NULL OR w.ended > w.began)
