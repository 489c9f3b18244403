-- Read back as absent after the last try.
INSERT INTO target_transitions (from_state, to_state) VALUES ('RECONCILING', 'FAILED') ON CONFLICT DO NOTHING;
