-- Whose a key is: a person's, whose present rights bound it, or the workspace's when there is none. Keys of the
-- version before are the workspace's.
ALTER TABLE api_keys ADD COLUMN user_id uuid;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_user_id_fkey
    FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE NOT VALID;
