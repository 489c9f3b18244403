-- Keys that people manage.

ALTER TABLE api_keys
    -- The first characters of the secret, for people to tell keys apart.
    ADD COLUMN prefix text,
    ADD COLUMN provenance jsonb,
    ADD COLUMN last_used_at timestamptz,
    -- After a rotation the secret before it works a while longer.
    ADD COLUMN old_hash bytea UNIQUE,
    ADD COLUMN old_expires_at timestamptz,
    ADD CHECK ((old_hash IS NULL) = (old_expires_at IS NULL));
CREATE INDEX api_keys_in_order ON api_keys (workspace_id, created_at, id);

-- The request log, kept for a week. Ids carry their time, so the oldest lines are found by the primary key.

CREATE TABLE request_log (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    -- X-Request-Id: the client's or ours, so it may stand in several lines.
    request_id text NOT NULL,
    at timestamptz NOT NULL,
    -- The id of the API key or person.
    credential text NOT NULL,
    transport text NOT NULL CHECK (transport IN ('HTTP', 'SSE', 'WEBSOCKET')),
    kind text NOT NULL CHECK (kind IN ('QUERY', 'MUTATION', 'SUBSCRIPTION', 'REST', 'UNREADABLE')),
    operation text NOT NULL,
    root_fields text[] NOT NULL,
    status smallint NOT NULL,
    error_code text,
    duration_ms integer NOT NULL,
    cost integer,
    address text,
    user_agent text
);
CREATE INDEX request_log_in_order ON request_log (workspace_id, at, id);
CREATE INDEX request_log_by_request ON request_log (workspace_id, request_id, at, id);
CREATE INDEX request_log_errors ON request_log (workspace_id, error_code, at, id) WHERE error_code IS NOT NULL;

-- Usage, kept for 90 days: one row for each combination that occurred in an hour, and bucket of latency.

CREATE TABLE usage_counters (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    hour timestamptz NOT NULL,
    credential text NOT NULL,
    operation text NOT NULL,
    status smallint NOT NULL,
    -- Empty when all went well.
    error_code text NOT NULL,
    bucket smallint NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (workspace_id, hour, credential, operation, status, error_code, bucket)
) WITH (fillfactor = 80);
CREATE INDEX usage_counters_by_hour ON usage_counters (hour);

-- Requests that were answered but not logged, because the log could not keep up.

CREATE TABLE request_drops (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    hour timestamptz NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (workspace_id, hour)
);
