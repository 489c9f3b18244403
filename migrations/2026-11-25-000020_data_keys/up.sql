-- Data keys: each workspace's sealed values lie under the newest of its own. A key lies here only wrapped by a
-- master key, which the database never sees. They go with their workspace, and with them whatever copy of its
-- secrets is still about.
CREATE TABLE data_keys (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    version integer NOT NULL CHECK (version > 0),
    -- Tells it apart from a key that took its number after a failover or a restore.
    id uuid NOT NULL,
    -- The id of the master key that wraps it.
    master_key text NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, version)
);
