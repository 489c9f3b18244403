-- One post's part of the log.
CREATE INDEX CONCURRENTLY events_by_post ON events (workspace_id, post_id, seq) WHERE post_id IS NOT NULL;
