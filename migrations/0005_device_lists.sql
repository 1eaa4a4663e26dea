-- A campaign may name its devices.

ALTER TABLE campaigns ADD COLUMN devices text[] NOT NULL DEFAULT '{}'; -- empty: any

DROP FUNCTION eligible_devices(integer, integer[], text[], bigint);

-- The devices that a campaign may take, in its order. A version code is value * 2 + (1 for v, 0 for b): those a selector's version rule
-- matches are worked out by core/version_rule, so that the rule has one meaning only. Left out: devices whose version is
-- not known, that cannot be upgraded online, or that are in another live campaign.
CREATE FUNCTION eligible_devices(wanted_ptype integer, version_codes integer[], wanted_tags text[],
                                 wanted_devices text[], seed bigint)
RETURNS TABLE (device_id text, version text, image_sha256 text, place bigint)
LANGUAGE sql STABLE AS $$
    SELECT d.device_id, d.version, d.image_sha256,
           row_number() OVER (ORDER BY hashtextextended(d.device_id, seed), d.device_id)
    FROM devices d
    WHERE d.ptype = wanted_ptype
      AND d.version_value * 2 + (d.version_type = 'v')::integer = ANY (version_codes)
      AND d.fota_class IN ('o', 'a')
      AND d.tags @> wanted_tags
      AND (wanted_devices = '{}' OR d.device_id = ANY (wanted_devices))
      AND NOT EXISTS (SELECT FROM targets t WHERE t.device_id = d.device_id
                      AND t.state IN ('pending', 'offered', 'accepted', 'downloading', 'installed', 'trial'))
$$;
