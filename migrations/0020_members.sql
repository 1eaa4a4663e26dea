-- A campaign's members are fixed when it is planned, as the devices of a plan; their targets are written from it in slices while the campaign
-- is under way (engine/fill).
ALTER TABLE campaigns
    ADD COLUMN members_plan bigint, -- whose devices are its members: plan_id, or where that is NULL one made for it
    ADD COLUMN unwritten  bigint NOT NULL DEFAULT 0 CHECK (unwritten >= 0), -- members whose targets are not written yet; waves count them as pending
    ADD COLUMN written_to integer NOT NULL DEFAULT 0;                       -- the position in the plan up to which they are
ALTER TABLE plans
    ADD COLUMN of_campaign boolean NOT NULL DEFAULT false, -- made for a campaign when it started, and not by an operator
    ADD COLUMN in_use      boolean NOT NULL DEFAULT false; -- targets are being written from it: not to be forgotten
