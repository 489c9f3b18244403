-- Tokens of a session follow from its salt and generation under the server's secret, so nothing that opens
-- anything is kept any more. A node of the version before still writes sessions with a hash; those have no salt, and a node of
-- this version does not know them.
ALTER TABLE sessions ALTER COLUMN hash DROP NOT NULL;
ALTER TABLE sessions ADD COLUMN salt bytea;
ALTER TABLE sessions ADD COLUMN generation int NOT NULL DEFAULT 1;
-- When the tokens of this generation were made, and those of the one before while they may still be used.
ALTER TABLE sessions ADD COLUMN refreshed_at timestamptz;
ALTER TABLE sessions ADD COLUMN before_at timestamptz;
-- When the person last showed who they are, and whether with a second factor.
ALTER TABLE sessions ADD COLUMN authenticated_at timestamptz;
ALTER TABLE sessions ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
-- What it was opened with and from.
ALTER TABLE sessions ADD COLUMN user_agent text;
ALTER TABLE sessions ADD COLUMN address text;
ALTER TABLE sessions ADD CONSTRAINT sessions_have_tokens
    CHECK ((salt IS NULL) = (refreshed_at IS NULL) AND (salt IS NULL) = (authenticated_at IS NULL)
       AND (salt IS NULL) <> (hash IS NULL)) NOT VALID;
