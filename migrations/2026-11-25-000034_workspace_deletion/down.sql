ALTER TABLE workspaces DROP CONSTRAINT workspaces_deletion;
ALTER TABLE workspaces DROP COLUMN erase_at;
ALTER TABLE workspaces DROP COLUMN deleted_at;
