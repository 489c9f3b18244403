-- Becomes the primary key of the first partition, without a table being locked meanwhile.
CREATE UNIQUE INDEX CONCURRENTLY steps_order_and_time ON steps (target_id, id, at);
