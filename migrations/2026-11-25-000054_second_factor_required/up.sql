-- Whether people open the workspace only with a second factor. A node of the version before does not ask: demand it of nobody
-- before all nodes are new.
ALTER TABLE workspaces ADD COLUMN second_factor_required boolean NOT NULL DEFAULT false;
