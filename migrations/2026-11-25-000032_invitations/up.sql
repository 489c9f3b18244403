-- People who are asked to become members. What is kept of the token is a keyed hash.
CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    email text NOT NULL CHECK (email = lower(email)),
    role text NOT NULL
        CHECK (role IN ('VIEWER', 'EDITOR', 'ADMIN', 'OWNER', 'APPROVER', 'ANALYST', 'DEVELOPER', 'CUSTOM')),
    role_id uuid,
    hash bytea NOT NULL UNIQUE,
    provenance jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    revoked_at timestamptz,
    -- Who accepted.
    user_id uuid REFERENCES users ON DELETE SET NULL,
    -- A role may go when only invitations name it that are over.
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id) ON DELETE SET NULL (role_id),
    CHECK (role = 'CUSTOM' OR role_id IS NULL),
    CHECK (accepted_at IS NULL OR revoked_at IS NULL)
);
CREATE UNIQUE INDEX invitations_one_open ON invitations (workspace_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX invitations_in_order ON invitations (workspace_id, created_at, id);
CREATE INDEX invitations_by_role ON invitations (workspace_id, role_id) WHERE role_id IS NOT NULL;
CREATE INDEX invitations_by_user ON invitations (user_id) WHERE user_id IS NOT NULL;
