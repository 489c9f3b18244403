ALTER TABLE lanes DROP COLUMN place_at;
ALTER TABLE targets DROP COLUMN budget_ok;
ALTER TABLE targets DROP COLUMN waits_until;
