ALTER TABLE network_states DROP COLUMN down_since;
