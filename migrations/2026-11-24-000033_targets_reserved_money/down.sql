DROP INDEX CONCURRENTLY targets_reserved_money;
