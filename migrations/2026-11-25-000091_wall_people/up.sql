-- People, keys and roles.
CALL wall_off(ARRAY['members', 'api_keys', 'sessions', 'roles', 'invitations', 'mails', 'teams', 'team_members', 'data_keys', 'idempotency_keys']);

CREATE POLICY within_workspace ON workspaces USING (id = current_workspace());
ALTER TABLE workspaces ENABLE ROW LEVEL SECURITY;

-- Of people those are seen who belong to the workspace.
CREATE POLICY within_workspace ON users
    USING (EXISTS (SELECT FROM members m WHERE m.workspace_id = current_workspace() AND m.user_id = users.id));
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
