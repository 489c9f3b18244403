ALTER TABLE sessions DROP CONSTRAINT sessions_have_tokens;
-- The version before cannot read them: people sign in again.
DELETE FROM sessions WHERE hash IS NULL;
ALTER TABLE sessions DROP COLUMN salt, DROP COLUMN generation, DROP COLUMN refreshed_at, DROP COLUMN before_at,
    DROP COLUMN authenticated_at, DROP COLUMN second_factor, DROP COLUMN user_agent, DROP COLUMN address;
ALTER TABLE sessions ALTER COLUMN hash SET NOT NULL;
