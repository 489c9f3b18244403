-- Money that live targets have cost.
CREATE INDEX CONCURRENTLY targets_spent_money ON targets (workspace_id, published_at) INCLUDE (price, connection_id)
    WHERE price > 0 AND published_at IS NOT NULL;
