-- Posts of all accounts on a network, for the caps of the app's registration.
CREATE INDEX CONCURRENTLY targets_live_of_network ON targets (network, published_at) WHERE remote_id IS NOT NULL;
