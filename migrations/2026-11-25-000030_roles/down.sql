UPDATE members SET role = CASE role WHEN 'DEVELOPER' THEN 'EDITOR' ELSE 'VIEWER' END, role_id = NULL
    WHERE role IN ('APPROVER', 'ANALYST', 'DEVELOPER', 'CUSTOM');
ALTER TABLE members DROP CONSTRAINT members_role_id_fkey;
ALTER TABLE members DROP CONSTRAINT members_custom_role;
ALTER TABLE members DROP CONSTRAINT members_role_check;
ALTER TABLE members ADD CONSTRAINT members_role_check CHECK (role IN ('VIEWER', 'EDITOR', 'ADMIN', 'OWNER'));
ALTER TABLE members DROP COLUMN role_id;

-- A key with permissions of its own cannot be said in fewer words: it ends.
DELETE FROM api_keys WHERE role = 'CUSTOM';
UPDATE api_keys SET role = CASE role WHEN 'DEVELOPER' THEN 'EDITOR' ELSE 'VIEWER' END
    WHERE role IN ('APPROVER', 'ANALYST', 'DEVELOPER');
ALTER TABLE api_keys DROP CONSTRAINT api_keys_permissions;
ALTER TABLE api_keys DROP CONSTRAINT api_keys_role_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_role_check CHECK (role IN ('VIEWER', 'EDITOR', 'ADMIN', 'OWNER'));
ALTER TABLE api_keys DROP COLUMN permissions;

DROP TABLE roles;
