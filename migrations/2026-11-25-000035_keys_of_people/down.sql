ALTER TABLE api_keys DROP CONSTRAINT api_keys_user_id_fkey;
-- Without its person nothing would bound it.
DELETE FROM api_keys WHERE user_id IS NOT NULL;
ALTER TABLE api_keys DROP COLUMN user_id;
