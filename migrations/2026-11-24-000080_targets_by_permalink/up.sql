-- The target behind a public address, for whoever has only that.
CREATE INDEX CONCURRENTLY targets_by_permalink ON targets (workspace_id, permalink) WHERE permalink IS NOT NULL;
