-- Lines that a person holds back: for those who watch.
CREATE INDEX CONCURRENTLY lanes_paused ON lanes (connection_id) WHERE paused_at IS NOT NULL;
