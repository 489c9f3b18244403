-- Scheduled targets whose look ahead is due.
CREATE INDEX CONCURRENTLY targets_to_look_at ON targets (look_at) WHERE state = 'SCHEDULED' AND look_at IS NOT NULL;
