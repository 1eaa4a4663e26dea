-- The targets of a campaign: campaign, the places at which its second wave and those after it begin, to_version, firmware.
-- One that another campaign takes at this moment makes the transaction run again (store_transaction).
INSERT INTO targets (campaign_id, device_id, wave, position, from_version, from_sha256, to_version, firmware_id,
                     queued)
SELECT $1::bigint, device_id, coalesce(wave, width_bucket(place, $2::bigint[])), place, version, image_sha256, $3::text, $4::bigint, queued
FROM planned
