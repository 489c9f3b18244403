DROP INDEX CONCURRENTLY attempts_by_time;
