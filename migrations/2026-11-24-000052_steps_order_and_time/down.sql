DROP INDEX CONCURRENTLY steps_order_and_time;
