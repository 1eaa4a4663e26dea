-- Looks at every transaction that moves a target, at its commit: the moment at which what it did becomes true for everybody. It
-- still holds the locks then under which it decided (the campaign's for offers, the wave's for counters), so nobody else can have
-- changed what it is judged by, and what is found is exact. What does not hold is noted, and commits with it.
CREATE TABLE broken (what text, campaign_id bigint, device_id text);

-- Every offer, by the time that the rate's ledger had when it was made (not when it was written), and the rate allowed then.
CREATE TABLE witnessed_offers (campaign_id bigint, device_id text, attempt integer, at timestamptz, per_minute bigint);

-- Members of campaigns whose targets are not written yet: they count as pending.
CREATE VIEW unwritten_members AS
SELECT c.campaign_id, m.wave, m.device_id
FROM campaigns c
JOIN plan_devices m ON m.plan_id = c.members_plan AND m.position > c.written_to
WHERE c.unwritten > 0 AND (NOT m.queued OR c.overlap IN ('queue', 'take-over'));

CREATE FUNCTION witness_offer(target targets, c campaigns) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    flying integer := (SELECT count(*) FROM targets t WHERE t.campaign_id = c.campaign_id AND t.deadline IS NOT NULL);
    confirmed bigint := (SELECT sum(w.confirmed) FROM waves w WHERE w.campaign_id = c.campaign_id);
    rate json := c.policy -> 'rate';
    allowed bigint := (rate ->> 'per_minute')::bigint;
BEGIN
    IF flying > (c.policy ->> 'in_flight')::integer THEN
        INSERT INTO broken VALUES (format('%s in flight, the cap is %s', flying, c.policy ->> 'in_flight'),
                                   c.campaign_id, target.device_id);
    END IF;
    IF c.state <> 'running' THEN
        INSERT INTO broken VALUES (format('offered while the campaign is %s', c.state), c.campaign_id, target.device_id);
    END IF;
    IF (rate ->> 'growth_every')::bigint > 0 THEN
        allowed := least((rate ->> 'ceiling_per_minute')::bigint, floor(allowed * (rate ->> 'growth_factor')::double precision
                         ^ (confirmed / (rate ->> 'growth_every')::bigint) + 1e-9));
    END IF;
    INSERT INTO witnessed_offers VALUES (c.campaign_id, target.device_id, target.attempt, target.sent_at, allowed);
END
$$;

CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c campaigns := (SELECT c FROM campaigns c WHERE c.campaign_id = NEW.campaign_id);
    wrong text;
BEGIN
    IF NEW.state = 'offered' AND OLD.state = 'pending' THEN
        PERFORM witness_offer(NEW, c);
    END IF;
    SELECT format('the wave counts %s %s, there are %s', counted, state, there) INTO wrong
    FROM (SELECT s.key AS state, s.value::integer AS counted,
                 (SELECT count(*) FROM targets t
                  WHERE t.campaign_id = w.campaign_id AND t.wave = w.wave AND t.state = s.key)
                 + (SELECT count(*) FROM unwritten_members u
                    WHERE u.campaign_id = w.campaign_id AND u.wave = w.wave AND s.key = 'pending') AS there
          FROM waves w, json_each_text(row_to_json(w)) s
          WHERE w.campaign_id = NEW.campaign_id AND w.wave = NEW.wave AND s.key = ANY (state_names())) counts
    WHERE counted <> there LIMIT 1;
    IF wrong IS NOT NULL THEN
        INSERT INTO broken VALUES (wrong, NEW.campaign_id, NEW.device_id);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION state_names() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT '{pending,offered,accepted,downloading,installed,trial,confirmed,rejected,failed,reverted,silent,cancelled,skipped}'::text[]
$$;

CREATE CONSTRAINT TRIGGER witness AFTER UPDATE ON targets DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION witness()
