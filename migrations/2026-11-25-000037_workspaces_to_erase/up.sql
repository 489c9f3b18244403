-- Which workspace is erased next.
CREATE INDEX CONCURRENTLY workspaces_to_erase ON workspaces (erase_at) WHERE erase_at IS NOT NULL;
