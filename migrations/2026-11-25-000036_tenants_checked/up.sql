-- Reads two small tables without keeping anybody from writing.
ALTER TABLE workspaces VALIDATE CONSTRAINT workspaces_deletion;
ALTER TABLE api_keys VALIDATE CONSTRAINT api_keys_user_id_fkey;
