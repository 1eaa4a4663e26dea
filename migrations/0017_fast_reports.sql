-- What has to be sent at once is found without a look at all that is in flight. sent_at changes when a command is sent, not with reports.
CREATE INDEX targets_unsent ON targets (campaign_id) WHERE in_flight AND sent_at IS NULL;
