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

-- Images that a device has said it runs though no attempt led to them: one row for each image, a few
-- for each device. An image that it comes back to again and again, while it says another one in between,
-- is that of a second device with the same id (cloned flash).
CREATE TABLE device_images (
    device_id    text NOT NULL REFERENCES devices ON DELETE CASCADE,
    image_sha256 text NOT NULL,
    version      text NOT NULL,
    slot         smallint NOT NULL,
    times        integer NOT NULL DEFAULT 1, -- that it was said so, each within a day of the last time
    first_at     timestamptz NOT NULL DEFAULT now(),
    last_at      timestamptz NOT NULL DEFAULT now(),
    asked_at     timestamptz,                -- the device was asked for a hello last
    PRIMARY KEY (device_id, image_sha256)
);
CREATE INDEX device_images_said_often ON device_images (last_at) WHERE times >= 3;

CREATE VIEW ops.duplicate_devices AS
SELECT d.device_id AS device, r.images, d.changes, d.since, d.last_at, r.versions, r.sha256, d.asked_at
FROM (SELECT device_id, sum(times) AS changes, min(first_at) AS since, max(last_at) AS last_at, max(asked_at) AS asked_at
      FROM device_images
      WHERE device_id IN (SELECT device_id FROM device_images WHERE times >= 3 AND last_at > now() - interval '1 day')
        AND last_at > now() - interval '1 day'
      GROUP BY device_id) d
CROSS JOIN LATERAL (
    SELECT count(*) AS images, array_agg(u.version ORDER BY u.image_sha256) AS versions,
           array_agg(u.image_sha256 ORDER BY u.image_sha256) AS sha256
    FROM (SELECT i.image_sha256, i.version FROM device_images i
          WHERE i.device_id = d.device_id AND i.last_at > now() - interval '1 day'
          UNION SELECT n.image_sha256, n.version FROM devices n WHERE n.device_id = d.device_id) u) r;
GRANT SELECT ON ops.duplicate_devices TO ops_reader;

-- Whether a device that looks like two was asked within the hour. Both answer each question, each answer
-- differs from the other one, and would be asked about again.
CREATE FUNCTION asked_enough(device text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(bool_or(times >= 3 AND last_at > now() - interval '1 day')
                    AND max(asked_at) > now() - interval '1 hour', false)
    FROM device_images WHERE device_id = device
$$;
