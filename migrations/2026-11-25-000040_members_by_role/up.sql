-- Who holds a role of the workspace's own.
CREATE INDEX CONCURRENTLY members_by_role ON members (workspace_id, role_id) WHERE role_id IS NOT NULL;
