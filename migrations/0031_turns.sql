-- A pause may stop the downloads, too. The image servers refuse those of such a campaign; it goes on
-- with them when it is resumed.
ALTER TABLE campaigns ADD COLUMN downloads_stopped boolean NOT NULL DEFAULT false;
-- Whether this attempt's download was stopped so: when it fails for that, it is no failure.
ALTER TABLE targets ADD COLUMN download_stopped boolean NOT NULL DEFAULT false;

CREATE VIEW ops.stopped_downloads AS
SELECT c.name AS campaign, c.campaign_id, c.state_at AS since,
       count(t.device_id) FILTER (WHERE t.in_flight) AS not_answered,
       count(t.device_id) FILTER (WHERE NOT t.in_flight) AS stopped
FROM campaigns c
LEFT JOIN targets t ON t.campaign_id = c.campaign_id AND (t.in_flight OR t.waiting) AND t.download_stopped
WHERE c.downloads_stopped
GROUP BY c.campaign_id;
GRANT SELECT ON ops.stopped_downloads TO ops_reader;
