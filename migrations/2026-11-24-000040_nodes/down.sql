ALTER TABLE lanes DROP COLUMN failing_since, DROP COLUMN failures;
ALTER TABLE nodes DROP COLUMN lost_at, DROP COLUMN drained_at, DROP COLUMN drain_asked_at, DROP COLUMN version, DROP COLUMN host;
