-- What a mail lets its reader do, once and for a while: finish a registration, choose another password, take another
-- address. What is kept of a token is a keyed hash. A registration lies here alone until its address is shown to be
-- theirs, so that nobody can take another's.
CREATE TABLE person_tokens (
    hash bytea PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('REGISTER', 'RESET', 'EMAIL')),
    -- The address it was sent to.
    email text NOT NULL CHECK (email = lower(email)),
    -- Whose address is to change.
    user_id uuid REFERENCES users ON DELETE CASCADE,
    -- Of a registration: name, hash of the password, name and time zone of the workspace.
    data jsonb,
    expires_at timestamptz NOT NULL,
    CHECK ((purpose = 'EMAIL') = (user_id IS NOT NULL)),
    CHECK ((purpose = 'REGISTER') = (data IS NOT NULL))
);
CREATE INDEX person_tokens_by_email ON person_tokens (email);
CREATE INDEX person_tokens_by_user ON person_tokens (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX person_tokens_by_end ON person_tokens (expires_at);
