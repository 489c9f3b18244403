-- Repetitions of the same words on an account.
CREATE INDEX CONCURRENTLY targets_by_words ON targets (connection_id, words) WHERE words IS NOT NULL;
