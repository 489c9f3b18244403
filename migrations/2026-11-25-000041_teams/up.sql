-- Named groups of members, each with a role beside the member's own, for some connections or all.
CREATE TABLE teams (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('VIEWER', 'EDITOR', 'ADMIN', 'APPROVER', 'ANALYST', 'DEVELOPER', 'CUSTOM')),
    role_id uuid,
    connection_ids uuid[],
    version integer NOT NULL DEFAULT 1,
    provenance jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK ((role = 'CUSTOM') = (role_id IS NOT NULL)),
    FOREIGN KEY (workspace_id, role_id) REFERENCES roles (workspace_id, id)
);
CREATE UNIQUE INDEX teams_one_per_name ON teams (workspace_id, lower(name));
CREATE INDEX teams_in_order ON teams (workspace_id, created_at, id);
CREATE INDEX teams_by_role ON teams (workspace_id, role_id) WHERE role_id IS NOT NULL;

CREATE TABLE team_members (
    workspace_id uuid NOT NULL,
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (team_id, user_id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX team_members_by_member ON team_members (workspace_id, user_id);

-- The roles that the teams of a member give, asked with each request: PL/pgSQL keeps its plan.
CREATE FUNCTION team_roles(workspace uuid, person uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_build_object('role', t.role, 'own', r.permissions, 'connections', t.connection_ids) ORDER BY t.id)
        FROM team_members m JOIN teams t ON t.id = m.team_id LEFT JOIN roles r ON r.id = t.role_id
        WHERE m.workspace_id = workspace AND m.user_id = person);
END $$;
