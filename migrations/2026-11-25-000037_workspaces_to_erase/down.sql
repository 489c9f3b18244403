DROP INDEX CONCURRENTLY workspaces_to_erase;
