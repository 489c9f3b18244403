DROP INDEX CONCURRENTLY connections_expiring;
