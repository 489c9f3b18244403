-- Targets that wait for a place under a limit of their kind; there are few, if any.
CREATE INDEX CONCURRENTLY targets_waiting ON targets (connection_id, waits_until)
    WHERE state = 'SCHEDULED' AND waits_until IS NOT NULL;
