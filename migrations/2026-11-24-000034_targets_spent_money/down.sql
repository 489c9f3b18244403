DROP INDEX CONCURRENTLY targets_spent_money;
