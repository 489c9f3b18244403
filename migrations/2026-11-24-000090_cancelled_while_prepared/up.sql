-- What is only prepared can still be taken back: nothing of it is visible.
INSERT INTO target_transitions (from_state, to_state) VALUES ('CLAIMED', 'CANCELLED') ON CONFLICT DO NOTHING;
