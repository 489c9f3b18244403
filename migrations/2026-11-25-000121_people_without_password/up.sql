-- Who registered by a provider has no password until they choose one.
ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL;
