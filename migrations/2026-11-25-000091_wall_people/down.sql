ALTER TABLE users DISABLE ROW LEVEL SECURITY;
DROP POLICY within_workspace ON users;
ALTER TABLE workspaces DISABLE ROW LEVEL SECURITY;
DROP POLICY within_workspace ON workspaces;
CALL open_wall(ARRAY['members', 'api_keys', 'sessions', 'roles', 'invitations', 'mails', 'teams', 'team_members', 'data_keys', 'idempotency_keys']);
