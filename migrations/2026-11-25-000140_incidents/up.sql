-- What looks like an attack, or like a mistake as bad as one, with all that was done about it. Without a workspace it
-- concerns the server.
CREATE TABLE incidents (
    id uuid PRIMARY KEY,
    workspace_id uuid REFERENCES workspaces ON DELETE CASCADE,
    rule text NOT NULL CHECK (rule IN ('CREDENTIAL_STUFFING', 'REFRESH_TOKEN_REUSED', 'KEY_FROM_MANY_NETWORKS', 'MASS_DELETION')),
    -- The person, key or address that it is about.
    subject text NOT NULL,
    detail jsonb NOT NULL,
    opened_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    times integer NOT NULL,
    closed_at timestamptz
);
-- What is seen again while it is open is the same incident.
CREATE UNIQUE INDEX incidents_open ON incidents (rule, subject, workspace_id) NULLS NOT DISTINCT WHERE closed_at IS NULL;
CREATE INDEX incidents_in_order ON incidents (workspace_id, opened_at, id);

CREATE TABLE incident_steps (
    incident_id uuid NOT NULL REFERENCES incidents ON DELETE CASCADE,
    number integer NOT NULL,
    workspace_id uuid,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('OPENED', 'SESSIONS_REVOKED', 'KEY_REVOKED', 'ACCOUNT_LOCKED', 'ADMINS_NOTIFIED', 'CLOSED')),
    provenance jsonb NOT NULL,
    note text,
    PRIMARY KEY (incident_id, number)
);
CALL wall_off(ARRAY['incidents', 'incident_steps']);
