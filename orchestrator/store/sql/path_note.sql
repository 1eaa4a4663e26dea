-- The ways of a campaign that have several hops: campaign; from, hop (from 1), firmware_id, version
INSERT INTO campaign_paths (campaign_id, from_version, hop, firmware_id, version)
SELECT $1, t.* FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::text[]) AS t
ON CONFLICT DO NOTHING
