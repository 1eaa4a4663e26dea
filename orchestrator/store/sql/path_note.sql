-- The ways of a campaign that have several hops: campaign; from, hop (from 1), firmware_id, version. A way stays as it was first noted: devices
-- may be under way on it.
INSERT INTO campaign_paths (campaign_id, from_version, hop, firmware_id, version)
SELECT $1, t.*
FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::text[]) AS t(from_version, hop, firmware_id, version)
WHERE NOT EXISTS (SELECT FROM campaign_paths p WHERE p.campaign_id = $1 AND p.from_version = t.from_version)
