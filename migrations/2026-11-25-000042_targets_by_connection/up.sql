-- What goes to a connection, for those who are limited to some.
CREATE INDEX CONCURRENTLY targets_by_connection ON targets (connection_id, post_id);
