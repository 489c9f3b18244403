CREATE INDEX CONCURRENTLY sessions_by_end ON sessions (expires_at);
