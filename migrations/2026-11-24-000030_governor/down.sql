DROP TABLE quota_readings;
DROP TABLE budgets;
ALTER TABLE workspaces DROP COLUMN when_full, DROP COLUMN over_budget;
ALTER TABLE targets DROP COLUMN words, DROP COLUMN kind, DROP COLUMN price, DROP COLUMN look_at, DROP COLUMN risks;
