-- Mails on their way, each written in the transaction of what it tells of. Text and token are made when it is
-- sent: neither lies here. A row goes once its mail is sent or given up; a sandbox keeps it as its mailbox.
CREATE TABLE mails (
    id uuid PRIMARY KEY,
    -- None for what concerns a person alone.
    workspace_id uuid REFERENCES workspaces ON DELETE CASCADE,
    recipient text NOT NULL,
    -- Which letter it is, and the names in it.
    letter jsonb NOT NULL,
    -- The invitation or person that it is about.
    about uuid NOT NULL,
    tries integer NOT NULL,
    created_at timestamptz NOT NULL,
    -- When it is tried next; while it is tried, when another worker may. None once a sandbox's mailbox has it.
    due_at timestamptz,
    -- Why the last try failed.
    error text
);
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mails_in_order ON mails (created_at, id);
CREATE INDEX mails_by_about ON mails (about);
CREATE INDEX mails_by_workspace ON mails (workspace_id) WHERE workspace_id IS NOT NULL;
