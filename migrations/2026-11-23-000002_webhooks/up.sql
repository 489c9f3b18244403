-- Webhooks: endpoints, what is on its way to them, and each try.

CREATE TABLE webhook_endpoints (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    url text NOT NULL,
    description text,
    -- Empty for all.
    event_types text[] NOT NULL DEFAULT '{}',
    -- The payload document; the default one when empty.
    document text,
    status text NOT NULL CHECK (status IN ('ENABLED', 'PAUSED', 'DISABLED')),
    status_reason text CHECK (status_reason IN ('PERSON', 'FAILURES', 'GONE', 'AUTHOR')),
    -- Sealed by the Cipher port. After a rotation the old one signs too for a while.
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_until timestamptz,
    -- Whose rights the payload document has: whoever created or changed it last.
    author jsonb NOT NULL,
    -- Events up to here have become deliveries; the number of the newest delivery.
    cursor bigint NOT NULL,
    sequence bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    -- When there may be something to send; of a paused one, when it is probed.
    next_due_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK ((status = 'ENABLED') = (status_reason IS NULL)),
    CHECK (status = 'ENABLED' OR next_due_at IS NULL OR (status = 'PAUSED' AND status_reason = 'FAILURES')),
    CHECK ((previous_secret IS NULL) = (previous_until IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX webhook_endpoints_in_order ON webhook_endpoints (workspace_id, created_at, id);
CREATE INDEX webhook_endpoints_behind ON webhook_endpoints (workspace_id, cursor) WHERE status = 'ENABLED';
CREATE INDEX webhook_endpoints_due ON webhook_endpoints (next_due_at) WHERE next_due_at IS NOT NULL;

CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    -- The number of the delivery at its endpoint, without gaps, from 1.
    sequence bigint NOT NULL,
    -- The event; a test may have none.
    event_seq bigint,
    kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('PENDING', 'RETRYING', 'SUCCEEDED', 'FAILED')),
    -- Tries since it was last begun anew; the fence counts them all.
    tries integer NOT NULL DEFAULT 0,
    token bigint NOT NULL DEFAULT 0,
    worker uuid,
    -- When to try next; while a worker tries, when it is taken for lost.
    due_at timestamptz,
    -- What is sent, from the first try on.
    payload text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    UNIQUE (endpoint_id, sequence),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, endpoint_id) REFERENCES webhook_endpoints (workspace_id, id) ON DELETE CASCADE,
    CHECK ((state IN ('PENDING', 'RETRYING')) = (due_at IS NOT NULL)),
    CHECK ((due_at IS NULL) = (finished_at IS NOT NULL)),
    CHECK (worker IS NULL OR due_at IS NOT NULL)
) WITH (fillfactor = 70);
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (workspace_id, created_at, id);
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, created_at, id);
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (endpoint_id, due_at, sequence) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_in_flight ON webhook_deliveries (endpoint_id, due_at) WHERE worker IS NOT NULL;
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE webhook_attempts (
    delivery_id uuid NOT NULL,
    -- The token under which it was made.
    n bigint NOT NULL,
    workspace_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    duration_ms integer,
    http_status integer,
    -- The first 2 KB of the answer.
    answer text,
    error text,
    PRIMARY KEY (delivery_id, n),
    FOREIGN KEY (workspace_id, delivery_id) REFERENCES webhook_deliveries (workspace_id, id) ON DELETE CASCADE
);
