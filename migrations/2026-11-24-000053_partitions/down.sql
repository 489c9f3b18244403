DROP TRIGGER workspaces_forget_events ON workspaces;
DROP FUNCTION forget_events;
DROP TRIGGER targets_forget_timelines ON targets;
DROP FUNCTION forget_timelines;

CREATE TABLE plain_events (LIKE events);
INSERT INTO plain_events SELECT * FROM events;
DROP TABLE events;
ALTER TABLE plain_events RENAME TO events;
ALTER TABLE events ADD PRIMARY KEY (workspace_id, seq), ADD FOREIGN KEY (workspace_id) REFERENCES workspaces ON DELETE CASCADE;
CREATE UNIQUE INDEX events_place_and_time ON events (workspace_id, seq, at);
CREATE INDEX events_by_post ON events (workspace_id, post_id, seq) WHERE post_id IS NOT NULL;
ALTER TABLE event_heads DROP COLUMN dropped;

CREATE TABLE plain_attempts (LIKE attempts) WITH (fillfactor = 70);
INSERT INTO plain_attempts SELECT * FROM attempts;
DROP TABLE attempts;
ALTER TABLE plain_attempts RENAME TO attempts;
ALTER TABLE attempts ADD PRIMARY KEY (id), ADD UNIQUE (target_id, token),
    ADD CONSTRAINT attempts_kind_check CHECK (kind IN ('PUBLISH', 'READ_BACK')),
    ADD FOREIGN KEY (workspace_id, target_id) REFERENCES targets (workspace_id, id) ON DELETE CASCADE;
CREATE UNIQUE INDEX attempts_token_and_time ON attempts (target_id, token, started_at);
CREATE INDEX attempts_by_time ON attempts (workspace_id, started_at);

CREATE TABLE plain_steps (LIKE steps);
INSERT INTO plain_steps SELECT * FROM steps;
DROP TABLE steps;
ALTER TABLE plain_steps RENAME TO steps;
ALTER TABLE steps ADD PRIMARY KEY (id), ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY,
    ADD FOREIGN KEY (workspace_id, target_id) REFERENCES targets (workspace_id, id) ON DELETE CASCADE;
SELECT setval(pg_get_serial_sequence('steps', 'id'), max(id)) FROM steps HAVING max(id) IS NOT NULL;
CREATE INDEX steps_of_target ON steps (target_id, id);
CREATE UNIQUE INDEX steps_order_and_time ON steps (target_id, id, at);
