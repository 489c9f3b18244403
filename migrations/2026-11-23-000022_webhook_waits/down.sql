ALTER TABLE webhook_endpoints DROP COLUMN held_until;
