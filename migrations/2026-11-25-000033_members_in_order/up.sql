-- The list of members.
CREATE INDEX CONCURRENTLY members_in_order ON members (workspace_id, created_at, user_id);
