-- People, workspaces, credentials.

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    name text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE workspaces (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE members (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('VIEWER', 'EDITOR', 'ADMIN', 'OWNER')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('VIEWER', 'EDITOR', 'ADMIN', 'OWNER')),
    hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_keys_by_workspace ON api_keys (workspace_id);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX sessions_by_member ON sessions (workspace_id, user_id);
CREATE INDEX sessions_by_user ON sessions (user_id);

-- The event log: one ordered row for everything that happened. The head's row lock gives each event
-- of a workspace the next number at commit, so that a reader who saw number n misses nothing before it.

CREATE TABLE event_heads (
    workspace_id uuid PRIMARY KEY REFERENCES workspaces ON DELETE CASCADE,
    seq bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE events (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    post_id uuid,
    target_id uuid,
    connection_id uuid,
    media_id uuid,
    provenance jsonb NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (workspace_id, seq)
);

-- Accounts on the networks.

CREATE TABLE connections (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    network text NOT NULL CHECK (network IN ('FACEBOOK', 'INSTAGRAM', 'PINTEREST', 'X')),
    remote_id text NOT NULL,
    name text NOT NULL,
    username text,
    avatar_url text,
    status text NOT NULL CHECK (status IN ('ACTIVE', 'RECONNECT', 'DISABLED', 'REMOVED')),
    -- Sealed by the Cipher port; empty once removed.
    tokens bytea,
    token_expires_at timestamptz,
    refresh_due_at timestamptz,
    scopes text[] NOT NULL DEFAULT '{}',
    default_destination text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK (status = 'REMOVED' OR tokens IS NOT NULL)
);
CREATE UNIQUE INDEX connections_one_per_account ON connections (workspace_id, network, remote_id)
    WHERE status <> 'REMOVED';
CREATE INDEX connections_in_order ON connections (workspace_id, created_at, id);
CREATE INDEX connections_refresh_due ON connections (refresh_due_at) WHERE status = 'ACTIVE' AND refresh_due_at IS NOT NULL;

-- An OAuth consent on its way.
CREATE TABLE grants (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    network text NOT NULL CHECK (network IN ('FACEBOOK', 'INSTAGRAM', 'PINTEREST', 'X')),
    status text NOT NULL CHECK (status IN ('PENDING', 'READY', 'DENIED', 'FAILED', 'USED')),
    state_hash bytea NOT NULL UNIQUE,
    verifier bytea NOT NULL,
    return_to text,
    connection_id uuid,
    -- Sealed accounts with their tokens, once the consent is given.
    accounts bytea,
    error text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX grants_by_workspace ON grants (workspace_id);

-- Media.

CREATE TABLE media (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    status text NOT NULL CHECK (status IN ('UPLOADING', 'PROCESSING', 'READY', 'FAILED')),
    file_name text NOT NULL,
    bytes bigint NOT NULL CHECK (bytes > 0),
    alt_text text,
    facts jsonb,
    sha256 bytea,
    error_code text,
    error_message text,
    provenance jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    UNIQUE (workspace_id, id),
    CHECK ((status = 'READY') = (facts IS NOT NULL)),
    CHECK ((status = 'FAILED') = (error_code IS NOT NULL))
);
CREATE INDEX media_in_order ON media (workspace_id, created_at, id);
CREATE INDEX media_unfinished ON media (expires_at) WHERE expires_at IS NOT NULL;

-- Copies made to fit a network, by what was asked for.
CREATE TABLE renditions (
    media_id uuid NOT NULL REFERENCES media ON DELETE CASCADE,
    recipe text NOT NULL,
    facts jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (media_id, recipe)
);

-- Posts.

CREATE TABLE posts (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    body jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    due_at timestamptz,
    provenance jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    UNIQUE (workspace_id, id)
);
CREATE INDEX posts_by_creation ON posts (workspace_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX posts_by_update ON posts (workspace_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX posts_by_due ON posts (workspace_id, coalesce(due_at, 'infinity'::timestamptz), id) WHERE deleted_at IS NULL;

CREATE TABLE post_media (
    post_id uuid NOT NULL REFERENCES posts ON DELETE CASCADE,
    media_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    PRIMARY KEY (post_id, media_id),
    FOREIGN KEY (workspace_id, post_id) REFERENCES posts (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, media_id) REFERENCES media (workspace_id, id)
);
CREATE INDEX post_media_by_media ON post_media (media_id);

-- Publishing. A lane is the publishing line of one connection: the unit of locking, order and pause.

CREATE TABLE lanes (
    connection_id uuid PRIMARY KEY REFERENCES connections ON DELETE CASCADE,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    network text NOT NULL,
    -- The due time of the next target; empty while one is in flight or none is scheduled.
    next_due_at timestamptz,
    worker uuid,
    busy_until timestamptz,
    paused_at timestamptz,
    blocked_until timestamptz,
    block_reason text,
    CHECK ((worker IS NULL) = (busy_until IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX lanes_due ON lanes (next_due_at) WHERE next_due_at IS NOT NULL AND worker IS NULL AND paused_at IS NULL;
CREATE INDEX lanes_busy ON lanes (busy_until) WHERE busy_until IS NOT NULL;
CREATE INDEX lanes_by_workspace ON lanes (workspace_id);

CREATE TABLE targets (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    post_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    network text NOT NULL,
    position integer NOT NULL,
    settings jsonb NOT NULL,
    state text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    due_at timestamptz,
    local_time timestamp,
    time_zone text,
    misfire text NOT NULL CHECK (misfire IN ('PUBLISH_LATE', 'SKIP', 'ASK')),
    -- What to do once it is proved that an unknown call published nothing.
    if_absent text NOT NULL CHECK (if_absent IN ('RESEND', 'HOLD')),
    -- A person asked for it after its time: the misfire policy does not apply again.
    late_ok boolean NOT NULL DEFAULT false,
    attempt integer NOT NULL DEFAULT 0,
    -- The fence: each claim and each read-back takes the next number; older ones change nothing.
    token bigint NOT NULL DEFAULT 0,
    worker uuid,
    -- Read-backs hold no lane, so they have a lease of their own.
    lease_until timestamptz,
    reconcile_after timestamptz,
    misses integer NOT NULL DEFAULT 0,
    progress jsonb,
    intent jsonb,
    remote_id text,
    permalink text,
    published_at timestamptz,
    error_code text,
    error_message text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (post_id, connection_id),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, post_id) REFERENCES posts (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id),
    CHECK (state <> 'SCHEDULED' OR due_at IS NOT NULL),
    CHECK ((state IN ('PUBLISHED', 'DELETED_REMOTE')) = (published_at IS NOT NULL)),
    CHECK (state NOT IN ('FAILED', 'HELD') OR error_code IS NOT NULL),
    CHECK (state <> 'PUBLISHED' OR error_code IS NULL),
    CHECK (state NOT IN ('SENDING', 'UNCERTAIN', 'RECONCILING') OR intent IS NOT NULL),
    CHECK (state <> 'UNCERTAIN' OR reconcile_after IS NOT NULL)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX targets_one_in_flight ON targets (connection_id)
    WHERE state IN ('CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING');
CREATE INDEX targets_head_of_lane ON targets (connection_id, due_at, id) WHERE state = 'SCHEDULED';
CREATE INDEX targets_to_read_back ON targets (reconcile_after) WHERE state = 'UNCERTAIN';
CREATE INDEX targets_reading_back ON targets (lease_until) WHERE state = 'RECONCILING';
CREATE INDEX targets_of_post ON targets (post_id, position);
CREATE INDEX targets_by_due ON targets (workspace_id, coalesce(due_at, 'infinity'::timestamptz), id);
CREATE INDEX targets_by_creation ON targets (workspace_id, created_at, id);
CREATE INDEX targets_known_on_network ON targets (connection_id, published_at DESC) WHERE remote_id IS NOT NULL;

-- The state machine, held by the database too (core/src/target/state.rs is the same list; a test compares).
CREATE TABLE target_transitions (
    from_state text NOT NULL,
    to_state text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO target_transitions (from_state, to_state) VALUES
    ('DRAFT', 'SCHEDULED'), ('DRAFT', 'CANCELLED'), ('DRAFT', 'PUBLISHED'),
    ('SCHEDULED', 'DRAFT'), ('SCHEDULED', 'CANCELLED'), ('SCHEDULED', 'CLAIMED'), ('SCHEDULED', 'HELD'),
    ('SCHEDULED', 'FAILED'), ('SCHEDULED', 'PUBLISHED'),
    ('CLAIMED', 'SCHEDULED'), ('CLAIMED', 'SENDING'), ('CLAIMED', 'FAILED'), ('CLAIMED', 'HELD'),
    ('SENDING', 'PUBLISHED'), ('SENDING', 'SCHEDULED'), ('SENDING', 'HELD'), ('SENDING', 'FAILED'), ('SENDING', 'UNCERTAIN'),
    ('UNCERTAIN', 'RECONCILING'), ('UNCERTAIN', 'PUBLISHED'), ('UNCERTAIN', 'HELD'),
    ('RECONCILING', 'PUBLISHED'), ('RECONCILING', 'UNCERTAIN'), ('RECONCILING', 'SCHEDULED'), ('RECONCILING', 'HELD'),
    ('HELD', 'SCHEDULED'), ('HELD', 'PUBLISHED'), ('HELD', 'CANCELLED'),
    ('FAILED', 'SCHEDULED'), ('FAILED', 'PUBLISHED'), ('FAILED', 'CANCELLED'),
    ('CANCELLED', 'DRAFT'), ('CANCELLED', 'SCHEDULED'),
    ('PUBLISHED', 'DELETED_REMOTE');

CREATE FUNCTION refuse_unknown_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM target_transitions WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'target % may not go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'targets_state_machine';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER targets_state_machine BEFORE UPDATE OF state ON targets
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION refuse_unknown_transition();

CREATE FUNCTION refuse_illegal_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state NOT IN ('DRAFT', 'SCHEDULED') THEN
        RAISE EXCEPTION 'a target is born as DRAFT or SCHEDULED, not %', NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'targets_state_machine';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER targets_birth BEFORE INSERT ON targets FOR EACH ROW EXECUTE FUNCTION refuse_illegal_birth();

CREATE TABLE attempts (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    target_id uuid NOT NULL,
    n integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('PUBLISH', 'READ_BACK')),
    token bigint NOT NULL,
    worker uuid NOT NULL,
    started_at timestamptz NOT NULL,
    intent_at timestamptz,
    finished_at timestamptz,
    outcome text,
    error_code text,
    error_message text,
    http_status integer,
    remote_code text,
    remote_request_id text,
    UNIQUE (target_id, token),
    FOREIGN KEY (workspace_id, target_id) REFERENCES targets (workspace_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);

-- The timeline a person reads: "why?".
CREATE TABLE steps (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id uuid NOT NULL,
    target_id uuid NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    message text NOT NULL,
    detail jsonb NOT NULL,
    FOREIGN KEY (workspace_id, target_id) REFERENCES targets (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX steps_of_target ON steps (target_id, id);

-- What holds a whole network back: the app's rate limit, or the breaker.
CREATE TABLE network_states (
    network text PRIMARY KEY CHECK (network IN ('FACEBOOK', 'INSTAGRAM', 'PINTEREST', 'X')),
    blocked_until timestamptz,
    block_reason text,
    breaker text NOT NULL CHECK (breaker IN ('CLOSED', 'OPEN', 'HALF_OPEN')),
    updated_at timestamptz
);
INSERT INTO network_states (network, breaker) VALUES
    ('FACEBOOK', 'CLOSED'), ('INSTAGRAM', 'CLOSED'), ('PINTEREST', 'CLOSED'), ('X', 'CLOSED');

-- Running processes, so that health can tell a dead worker from an idle one.
CREATE TABLE nodes (
    id uuid PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('SERVE', 'WORKER')),
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);
