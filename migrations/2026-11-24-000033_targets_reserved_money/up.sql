-- Money that scheduled targets and those on their way will cost.
CREATE INDEX CONCURRENTLY targets_reserved_money ON targets (workspace_id, due_at) INCLUDE (price, connection_id, state)
    WHERE price > 0 AND state IN ('SCHEDULED', 'CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING');
