-- Without its limit somebody would see everything: who has one loses access instead.
DELETE FROM invitations WHERE connection_ids IS NOT NULL;
DELETE FROM api_keys WHERE connection_ids IS NOT NULL;
DELETE FROM members WHERE connection_ids IS NOT NULL;
ALTER TABLE invitations DROP COLUMN connection_ids;
ALTER TABLE api_keys DROP COLUMN connection_ids;
ALTER TABLE members DROP COLUMN connection_ids;
