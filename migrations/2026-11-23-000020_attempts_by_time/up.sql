-- What a workspace tried lately: how the networks do.
CREATE INDEX CONCURRENTLY attempts_by_time ON attempts (workspace_id, started_at);
