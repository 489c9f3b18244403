-- A workspace that is to be erased: since when, and when.
ALTER TABLE workspaces ADD COLUMN deleted_at timestamptz;
ALTER TABLE workspaces ADD COLUMN erase_at timestamptz;
ALTER TABLE workspaces ADD CONSTRAINT workspaces_deletion CHECK ((deleted_at IS NULL) = (erase_at IS NULL)) NOT VALID;
