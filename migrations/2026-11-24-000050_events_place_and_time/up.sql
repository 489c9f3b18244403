-- Becomes the primary key of the first partition, without a table being locked meanwhile.
CREATE UNIQUE INDEX CONCURRENTLY events_place_and_time ON events (workspace_id, seq, at);
