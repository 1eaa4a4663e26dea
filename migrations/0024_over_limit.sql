-- Reports that were dropped before they were read: their device sends too many.
ALTER TABLE rejected_reports
    DROP CONSTRAINT rejected_reports_kind_check,
    ADD CONSTRAINT rejected_reports_kind_check
        CHECK (kind IN ('bad_topic', 'too_large', 'not_json', 'bad_member', 'device_mismatch', 'unknown_device', 'unknown_target',
                        'stale_attempt', 'out_of_order', 'nonce_mismatch', 'image_mismatch', 'over_limit'));
INSERT INTO rejected_reports (kind) VALUES ('over_limit');
