-- Becomes the primary key of the first partition, without a table being locked meanwhile.
CREATE UNIQUE INDEX CONCURRENTLY attempts_token_and_time ON attempts (target_id, token, started_at);
