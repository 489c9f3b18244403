-- Bulk jobs: a file of many lines, gone through by one worker at a time.

CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('POSTS_IMPORT')),
    format text NOT NULL CHECK (format IN ('JSONL', 'CSV')),
    state text NOT NULL CHECK (state IN ('UPLOADING', 'QUEUED', 'RUNNING', 'FINISHED', 'CANCELLED', 'FAILED')),
    file_name text NOT NULL,
    bytes bigint NOT NULL CHECK (bytes > 0),
    dry_run boolean NOT NULL,
    time_zone text NOT NULL,
    provenance jsonb NOT NULL,
    -- Behind the last line that is done.
    next_byte bigint NOT NULL DEFAULT 0,
    next_line bigint NOT NULL DEFAULT 1,
    -- Counted before the first line is done.
    lines bigint,
    created bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    invalid bigint NOT NULL DEFAULT 0,
    -- The fence: each claim takes the next number; older ones change nothing.
    token bigint NOT NULL DEFAULT 0,
    -- Claims since a line was done.
    tries integer NOT NULL DEFAULT 0,
    -- When a worker may take it: at once in the queue, when the lease ends while it runs.
    free_at timestamptz,
    error_code text,
    error_message text,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    -- When an upload must be complete, or a job that is over is removed.
    expires_at timestamptz,
    UNIQUE (workspace_id, id),
    CHECK ((state IN ('QUEUED', 'RUNNING')) = (free_at IS NOT NULL)),
    CHECK ((state IN ('QUEUED', 'RUNNING')) = (expires_at IS NULL)),
    CHECK ((state IN ('FINISHED', 'CANCELLED', 'FAILED')) = (finished_at IS NOT NULL)),
    CHECK ((state = 'FAILED') = (error_code IS NOT NULL)),
    CHECK (created + skipped + invalid <= lines)
) WITH (fillfactor = 70);
CREATE INDEX jobs_in_order ON jobs (workspace_id, created_at, id);
CREATE INDEX jobs_free ON jobs (free_at) WHERE free_at IS NOT NULL;
CREATE INDEX jobs_expired ON jobs (expires_at) WHERE expires_at IS NOT NULL;

-- What became of each line, written in the transaction that did it.
CREATE TABLE job_results (
    job_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    line bigint NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('CREATED', 'SKIPPED', 'INVALID')),
    key text,
    post_id uuid,
    problems jsonb NOT NULL,
    PRIMARY KEY (job_id, line),
    FOREIGN KEY (workspace_id, job_id) REFERENCES jobs (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX job_results_by_outcome ON job_results (job_id, outcome, line);
CREATE INDEX job_results_by_key ON job_results (job_id, key) WHERE key IS NOT NULL;

-- Which post a key stands for, so that a line that comes again makes no second one.
CREATE TABLE job_keys (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    key text NOT NULL,
    post_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, key)
);
CREATE INDEX job_keys_expired ON job_keys (expires_at);
