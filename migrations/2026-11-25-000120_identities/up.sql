-- Identities at providers (OpenID Connect) that people sign in with. Issuer and subject together name somebody; an e-mail never does.
CREATE TABLE identities (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- The provider's name in the configuration when it was linked.
    provider text NOT NULL,
    issuer text NOT NULL CHECK (length(issuer) <= 500),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    -- As the provider said it last.
    email text,
    linked_at timestamptz NOT NULL,
    last_used_at timestamptz,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_by_user ON identities (user_id, linked_at);

-- Sign-ins by providers on their way. Each step is found by a keyed hash of what brings it: TICKET is the address that a signed-in
-- person was given to open, STATE what the provider sends back, CODE what the page or program gets in the end. A step is deleted
-- when it is taken, so each works once.
CREATE TABLE provider_steps (
    hash bytea PRIMARY KEY,
    stage text NOT NULL CHECK (stage IN ('TICKET', 'STATE', 'CODE')),
    purpose text NOT NULL CHECK (purpose IN ('SIGN_IN', 'LINK', 'PROVE')),
    provider text NOT NULL,
    -- A keyed hash of the browser's cookie, once there is one.
    browser bytea,
    -- SHA-256 of a word that only the program knows which began it.
    challenge bytea,
    return_to text NOT NULL,
    -- Whose identity is to be linked or shown, and in which session that was asked for.
    user_id uuid REFERENCES users ON DELETE CASCADE,
    session_id uuid,
    -- Of a CODE: what the provider said of the person.
    data jsonb,
    begun_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK ((stage = 'TICKET') = (browser IS NULL)),
    CHECK ((stage = 'CODE') = (data IS NOT NULL)),
    CHECK ((purpose = 'SIGN_IN') = (user_id IS NULL)),
    CHECK ((user_id IS NULL) = (session_id IS NULL))
);
CREATE INDEX provider_steps_by_user ON provider_steps (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX provider_steps_by_end ON provider_steps (expires_at);
