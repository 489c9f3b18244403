-- Reads two small tables without keeping anybody from writing.
ALTER TABLE members VALIDATE CONSTRAINT members_role_check;
ALTER TABLE members VALIDATE CONSTRAINT members_custom_role;
ALTER TABLE members VALIDATE CONSTRAINT members_role_id_fkey;
ALTER TABLE api_keys VALIDATE CONSTRAINT api_keys_role_check;
ALTER TABLE api_keys VALIDATE CONSTRAINT api_keys_permissions;
