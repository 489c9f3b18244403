-- What is known about a publication before its time. Filled when a target is written and when it goes out.
ALTER TABLE targets
    -- SHA-256 of the normalised words: the same words on the same account are a repetition.
    ADD COLUMN words bytea,
    -- Where it appears: FEED, STORY, REEL.
    ADD COLUMN kind text,
    -- What the network charges, in millionths of the currency; empty when no price is known.
    ADD COLUMN price bigint CHECK (price >= 0),
    -- When it is looked at ahead of its time, and the codes that were told already.
    ADD COLUMN look_at timestamptz,
    ADD COLUMN risks text[] NOT NULL DEFAULT '{}';

-- What a workspace decides about posts for which there is no place or no money.
ALTER TABLE workspaces
    ADD COLUMN when_full text NOT NULL DEFAULT 'WAIT' CHECK (when_full IN ('WAIT', 'FAIL')),
    ADD COLUMN over_budget text NOT NULL DEFAULT 'HOLD' CHECK (over_budget IN ('HOLD', 'FAIL'));

-- Most money per calendar month of the workspace's zone, for all of it or for one connection. What is spent
-- and reserved is summed from the targets, never kept beside them.
CREATE TABLE budgets (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    connection_id uuid,
    amount bigint NOT NULL CHECK (amount >= 0),
    updated_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (workspace_id, connection_id),
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id) ON DELETE CASCADE
);

-- What networks last said about a limit, by account or (without one) for the app.
CREATE TABLE quota_readings (
    network text NOT NULL,
    connection_id uuid REFERENCES connections ON DELETE CASCADE,
    window_seconds integer NOT NULL CHECK (window_seconds > 0),
    posts integer NOT NULL CHECK (posts >= 0),
    remaining integer NOT NULL CHECK (remaining >= 0),
    -- Empty for a rolling window that says no reset.
    resets_at timestamptz,
    read_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (network, connection_id, window_seconds)
);
CREATE INDEX quota_readings_of_connection ON quota_readings (connection_id) WHERE connection_id IS NOT NULL;
