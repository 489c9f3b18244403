-- Since when the operator has shut a person out: their sessions and keys of their own open nothing. A node of the version
-- before does not know it: shut nobody out before all nodes are new.
ALTER TABLE users ADD COLUMN disabled_at timestamptz;
