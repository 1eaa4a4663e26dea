-- Of the devices of a plan: how many other campaigns have, and how many bytes all fetch, each for its inactive slot. $1 firmware
SELECT count(*) FILTER (WHERE m.queued),
       coalesce(sum(CASE WHEN m.slot IS NULL THEN greatest(s.first, s.second) WHEN m.slot = 1 THEN s.second ELSE s.first END), 0)
FROM planned m,
     (SELECT max(b.size) FILTER (WHERE i.slot = 1) AS first, max(b.size) FILTER (WHERE i.slot = 2) AS second
      FROM images i JOIN image_bytes b USING (sha256) WHERE i.firmware_id = $1) s
