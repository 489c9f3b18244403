-- Apps of others that people may let work for them (OAuth 2.1). What is kept of a secret is a keyed hash.
CREATE TABLE oauth_apps (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name text NOT NULL,
    redirect_uris text[] NOT NULL,
    -- The most that it may ask for.
    permissions text[] NOT NULL,
    -- Only of apps that can keep one.
    secret_hash bytea,
    version integer NOT NULL DEFAULT 1,
    provenance jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX oauth_apps_in_order ON oauth_apps (workspace_id, created_at, id);
CALL wall_off(ARRAY['oauth_apps']);
