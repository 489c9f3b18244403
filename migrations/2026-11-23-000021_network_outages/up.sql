-- Since when the breaker has not been closed, through all probes.
ALTER TABLE network_states ADD COLUMN down_since timestamptz;
