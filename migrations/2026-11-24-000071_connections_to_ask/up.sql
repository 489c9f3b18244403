-- Whose access ends next and nobody was asked about.
CREATE INDEX CONCURRENTLY connections_to_ask ON connections (reauthorize_by)
    WHERE status = 'ACTIVE' AND reauthorize_by IS DISTINCT FROM reauthorize_asked_for;
