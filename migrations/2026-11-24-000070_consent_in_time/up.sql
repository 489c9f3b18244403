-- For which end of access a person was asked to give the consent again: once for each.
ALTER TABLE connections ADD COLUMN reauthorize_asked_for timestamptz;

-- Nothing can renew these tokens; asking for that ahead of time would only cost the rest of their life.
UPDATE connections SET refresh_due_at = NULL, reauthorize_by = token_expires_at
WHERE network IN ('FACEBOOK', 'INSTAGRAM') AND status = 'ACTIVE' AND token_expires_at IS NOT NULL;

-- Access of removed accounts that is still to be given back to its network.
CREATE TABLE revocations (
    connection_id uuid PRIMARY KEY REFERENCES connections ON DELETE CASCADE,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    -- Sealed by the Cipher port, as in connections.
    tokens bytea NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX revocations_due ON revocations (next_at);
