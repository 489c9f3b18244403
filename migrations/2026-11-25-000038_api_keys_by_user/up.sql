-- The keys of a person.
CREATE INDEX CONCURRENTLY api_keys_by_user ON api_keys (user_id) WHERE user_id IS NOT NULL;
