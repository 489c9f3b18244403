DROP INDEX CONCURRENTLY connections_to_ask;
