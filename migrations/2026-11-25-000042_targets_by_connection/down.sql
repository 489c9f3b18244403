DROP INDEX CONCURRENTLY targets_by_connection;
