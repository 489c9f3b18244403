-- Answers to requests with an idempotency key, and the keys of requests on their way.
CREATE TABLE idempotency_keys (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    -- The API key or the person.
    credential_id uuid NOT NULL,
    key text NOT NULL,
    -- SHA-256 of what was asked.
    fingerprint bytea NOT NULL,
    -- Ids of what the request makes derive from this instant.
    created_at timestamptz NOT NULL,
    -- Grows with each run; only the newest may answer.
    token integer NOT NULL DEFAULT 1,
    -- Until then a process works on it; empty once it answered or gave up.
    lease_until timestamptz,
    -- Sealed by the Cipher port; empty until there is one.
    answer bytea,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, credential_id, key),
    CHECK (answer IS NULL OR lease_until IS NULL)
);
CREATE INDEX idempotency_keys_expired ON idempotency_keys (expires_at);
