-- Passkeys of people (WebAuthn): a public key each, whose private half never leaves the authenticator.
CREATE TABLE passkeys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- What the authenticator calls it.
    credential_id bytea NOT NULL UNIQUE,
    name text NOT NULL,
    -- Public key and counter.
    credential jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX passkeys_by_user ON passkeys (user_id, id);

-- What an authenticator was asked to sign. A row goes when the answer comes: no answer is taken twice.
CREATE TABLE passkey_ceremonies (
    id uuid PRIMARY KEY,
    -- Who registers a passkey; none for whoever is to be recognised by one.
    user_id uuid REFERENCES users ON DELETE CASCADE,
    state jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_ceremonies_by_end ON passkey_ceremonies (expires_at);
CREATE INDEX passkey_ceremonies_by_user ON passkey_ceremonies (user_id) WHERE user_id IS NOT NULL;
