-- Whose access ends next on a network: for those who watch.
CREATE INDEX CONCURRENTLY connections_expiring ON connections (network, token_expires_at)
    WHERE status = 'ACTIVE' AND token_expires_at IS NOT NULL;
