-- The connections that somebody is limited to; all of them without. A node of the version before does not know
-- limits: give none before all nodes are new.
ALTER TABLE members ADD COLUMN connection_ids uuid[];
ALTER TABLE api_keys ADD COLUMN connection_ids uuid[];
ALTER TABLE invitations ADD COLUMN connection_ids uuid[];
