-- Until when a receiver asked to be left alone.
ALTER TABLE webhook_endpoints ADD COLUMN held_until timestamptz;
