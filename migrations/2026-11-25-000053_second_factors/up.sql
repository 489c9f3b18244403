-- A person's authenticator app. Its secret follows from the salt under the server's secret and is kept nowhere; the last step of
-- 30 seconds whose code was taken is, so that no code is taken twice.
CREATE TABLE second_factors (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    salt bytea NOT NULL,
    created_at timestamptz NOT NULL,
    -- When the first code showed that the app has the secret; until then it is not asked for.
    confirmed_at timestamptz,
    last_step bigint NOT NULL
);

-- What stands in for the app once each; a code that was used has no row any more.
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    hash bytea NOT NULL,
    PRIMARY KEY (user_id, hash)
);
