-- Roles that a workspace makes, further built-in ones, and keys with permissions of their own. A node of
-- the version before refuses whoever holds one of the new roles until it is replaced, and lets nobody do more.
CREATE TABLE roles (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name text NOT NULL,
    permissions text[] NOT NULL,
    version integer NOT NULL DEFAULT 1,
    provenance jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (workspace_id, id)
);
CREATE UNIQUE INDEX roles_one_per_name ON roles (workspace_id, lower(name));
CREATE INDEX roles_in_order ON roles (workspace_id, created_at, id);

ALTER TABLE members ADD COLUMN role_id uuid;
ALTER TABLE members DROP CONSTRAINT members_role_check;
ALTER TABLE members ADD CONSTRAINT members_role_check
    CHECK (role IN ('VIEWER', 'EDITOR', 'ADMIN', 'OWNER', 'APPROVER', 'ANALYST', 'DEVELOPER', 'CUSTOM')) NOT VALID;
ALTER TABLE members ADD CONSTRAINT members_custom_role CHECK ((role = 'CUSTOM') = (role_id IS NOT NULL)) NOT VALID;
ALTER TABLE members ADD CONSTRAINT members_role_id_fkey
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id) NOT VALID;

ALTER TABLE api_keys ADD COLUMN permissions text[];
ALTER TABLE api_keys DROP CONSTRAINT api_keys_role_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_role_check
    CHECK (role IN ('VIEWER', 'EDITOR', 'ADMIN', 'OWNER', 'APPROVER', 'ANALYST', 'DEVELOPER', 'CUSTOM')) NOT VALID;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_permissions CHECK ((role = 'CUSTOM') = (permissions IS NOT NULL)) NOT VALID;
