-- How live posts do: the latest figures of each target, and when they are read next.

CREATE TABLE target_metrics (
    target_id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    network text NOT NULL,
    -- Empty where the network gives none.
    views bigint,
    reach bigint,
    likes bigint,
    comments bigint,
    shares bigint,
    saves bigint,
    clicks bigint,
    video_views bigint,
    read_at timestamptz,
    -- Empty once they were read for the last time.
    due_at timestamptz,
    -- The fence: each claim takes the next number; older ones change nothing.
    token bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    -- Readings in a row that failed for a passing reason.
    failures integer NOT NULL DEFAULT 0,
    error_code text,
    error_message text,
    CHECK (read_at IS NOT NULL OR num_nonnulls(views, reach, likes, comments, shares, saves, clicks, video_views) = 0),
    CHECK ((error_code IS NULL) = (error_message IS NULL)),
    FOREIGN KEY (workspace_id, target_id) REFERENCES targets (workspace_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX target_metrics_due ON target_metrics (due_at) WHERE due_at IS NOT NULL;
