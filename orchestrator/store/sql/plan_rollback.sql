-- The way back of a campaign's devices: rollback campaign, parent campaign. Answers the numbers, and in words who runs the parent's
-- firmware and could not be taken. One that another campaign takes at this very moment is left to it.
WITH judged AS MATERIALIZED (SELECT * FROM judged_rollback($2)),
taken AS (
    INSERT INTO targets (campaign_id, device_id, wave, position, from_version, from_sha256, to_version, firmware_id,
                         flip_sha256, way)
    SELECT $1, device_id, 0, row_number() OVER (ORDER BY place), version, image_sha256, previous, firmware_id, flip_sha256,
           way
    FROM judged WHERE way IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING device_id),
left_out AS (
    SELECT coalesce(j.left_out, 'other_campaign') AS reason, count(*) AS devices
    FROM judged j LEFT JOIN taken t USING (device_id)
    WHERE t.device_id IS NULL GROUP BY 1)
SELECT json_build_object(
           'members', (SELECT count(*) FROM taken),
           'flip', (SELECT count(*) FROM taken JOIN judged USING (device_id) WHERE way = 'flip'),
           'download', (SELECT count(*) FROM taken JOIN judged USING (device_id) WHERE way = 'download'),
           'bytes', (SELECT coalesce(sum(bytes), 0) FROM taken JOIN judged USING (device_id)),
           'left_out', (SELECT coalesce(json_object_agg(reason, devices ORDER BY reason), '{}') FROM left_out)),
       (SELECT count(*) FROM taken),
       (SELECT string_agg(devices || CASE reason
                   WHEN 'other_campaign' THEN ' in another live campaign'
                   WHEN 'previous_not_known' THEN ' whose previous image is not known'
                   WHEN 'previous_overwritten' THEN ' whose previous image is neither in the device nor uploaded'
                   ELSE ' whose update is still in flight' END, ', ' ORDER BY reason)
        FROM left_out WHERE reason <> 'runs_another_version')
