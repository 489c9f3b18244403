DROP INDEX CONCURRENTLY members_in_order;
