-- campaign, ptype, versions, tags, seed, sizes of the waves, to_version, firmware, devices. A device that another campaign
-- takes at this moment is left to it.
INSERT INTO targets (campaign_id, device_id, wave, position, from_version, from_sha256, to_version, firmware_id)
SELECT $1, e.device_id, w.wave, e.place, e.version, e.image_sha256, $7, $8
FROM eligible_devices($2, $3::text[], coalesce(string_to_array(nullif($4, ''), ','), '{}'), $9::text[], $8, $5) e
JOIN (SELECT place - 1 AS wave, sum(size) OVER (ORDER BY place) - size AS low, sum(size) OVER (ORDER BY place) AS high
      FROM unnest($6::bigint[]) WITH ORDINALITY AS t(size, place)) w
  ON e.place > w.low AND e.place <= w.high
ON CONFLICT DO NOTHING
