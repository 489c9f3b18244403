-- What people let apps do for them in a workspace. Tokens follow from salt and generation as those of sessions do, so none is
-- kept. A grant goes with the membership and with the app; one that ends has no row any more.
CREATE TABLE oauth_grants (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    app_id uuid NOT NULL REFERENCES oauth_apps ON DELETE CASCADE,
    user_id uuid NOT NULL,
    permissions text[] NOT NULL,
    -- The connections that it is limited to; all of them without.
    connection_ids uuid[],
    created_at timestamptz NOT NULL,
    -- When it ends unless it is refreshed before.
    expires_at timestamptz NOT NULL,
    salt bytea NOT NULL,
    generation integer NOT NULL,
    -- When the tokens of this generation were made, and those of the one before while they may still be used.
    refreshed_at timestamptz NOT NULL,
    before_at timestamptz,
    last_used_at timestamptz,
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX oauth_grants_in_order ON oauth_grants (workspace_id, created_at, id);
CREATE INDEX oauth_grants_by_user ON oauth_grants (user_id, created_at, id);
CREATE INDEX oauth_grants_by_member ON oauth_grants (workspace_id, user_id);
CREATE INDEX oauth_grants_by_app ON oauth_grants (app_id);
CREATE INDEX oauth_grants_by_end ON oauth_grants (expires_at);

-- Codes on their way from a consent to an app. One that was used stays a day, to know it again.
CREATE TABLE oauth_codes (
    hash bytea PRIMARY KEY,
    workspace_id uuid NOT NULL,
    app_id uuid NOT NULL REFERENCES oauth_apps ON DELETE CASCADE,
    user_id uuid NOT NULL,
    redirect_uri text NOT NULL,
    challenge text NOT NULL,
    permissions text[] NOT NULL,
    connection_ids uuid[],
    expires_at timestamptz NOT NULL,
    -- What it gave.
    grant_id uuid,
    FOREIGN KEY (workspace_id, user_id) REFERENCES members (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX oauth_codes_by_member ON oauth_codes (workspace_id, user_id);
CREATE INDEX oauth_codes_by_app ON oauth_codes (app_id);
CREATE INDEX oauth_codes_by_end ON oauth_codes (expires_at);
CALL wall_off(ARRAY['oauth_grants', 'oauth_codes']);
