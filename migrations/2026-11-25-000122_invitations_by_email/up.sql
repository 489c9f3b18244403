-- Invitations that somebody has who comes by a provider.
CREATE INDEX CONCURRENTLY invitations_by_email ON invitations (email) WHERE accepted_at IS NULL AND revoked_at IS NULL;
