-- Tables of the columns and fill factors of the product's, with their primary keys and nothing else: no further index, check or foreign
-- key. What the bare batch is written into.
CREATE SCHEMA bare;
CREATE TABLE bare.targets (LIKE targets, PRIMARY KEY (campaign_id, device_id)) WITH (fillfactor = 70);
CREATE TABLE bare.presence (LIKE presence, PRIMARY KEY (device_id)) WITH (fillfactor = 50);
CREATE TABLE bare.waves (LIKE waves, PRIMARY KEY (campaign_id, wave)) WITH (fillfactor = 50);
CREATE TABLE bare.events (LIKE events INCLUDING DEFAULTS INCLUDING IDENTITY, PRIMARY KEY (at, event_id));
INSERT INTO bare.targets SELECT * FROM targets WHERE campaign_id = 1;
INSERT INTO bare.presence SELECT * FROM presence;
INSERT INTO bare.waves SELECT * FROM waves WHERE campaign_id = 1;
VACUUM ANALYZE bare.targets, bare.presence, bare.waves;
