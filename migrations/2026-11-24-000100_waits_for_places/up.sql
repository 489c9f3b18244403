-- Until when a target waits for a place under a limit that counts only posts of its kind: the line goes on without it.
ALTER TABLE targets ADD COLUMN waits_until timestamptz;
-- Whether a person lets a target cost more than is left of a budget.
ALTER TABLE targets ADD COLUMN budget_ok boolean NOT NULL DEFAULT false;
-- Until when a line waited last for a place under a limit: what was due meanwhile is not late.
ALTER TABLE lanes ADD COLUMN place_at timestamptz;
