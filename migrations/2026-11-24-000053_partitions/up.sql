-- What only grows is partitioned by month, so that what is too old goes with its table and costs nothing.
-- Partitions are made ahead and dropped by the engine (retention); rows of a month without one (the month of the
-- installation, a moved clock) go into the partition `…_rest`, and move when their month's is made.
--
-- A primary key must contain the partition's column. What was unique without it stays so:
-- * an event's number, because the head's row is locked when it is given out;
-- * a try's token, because it is counted up in the target's row, which is locked;
-- * a step's id, because it comes from a sequence.
--
-- There are no foreign keys: each row would pay for a look at a row that its transaction has locked anyway, and
-- dropping a partition would lock the table they point to. Triggers take away what belongs to deleted rows.

ALTER TABLE events RENAME TO events_earlier;
ALTER TABLE events_earlier DROP CONSTRAINT events_pkey, DROP CONSTRAINT events_workspace_id_fkey;
ALTER TABLE events_earlier ADD CONSTRAINT events_earlier_pkey PRIMARY KEY USING INDEX events_place_and_time;
ALTER INDEX events_by_post RENAME TO events_earlier_by_post;
CREATE TABLE events (
    workspace_id uuid NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    post_id uuid,
    target_id uuid,
    connection_id uuid,
    media_id uuid,
    provenance jsonb NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (workspace_id, seq, at)
) PARTITION BY RANGE (at);
CREATE INDEX events_by_post ON events (workspace_id, post_id, seq) WHERE post_id IS NOT NULL;
CREATE TABLE events_rest PARTITION OF events DEFAULT;
-- Up to here events were dropped; a cursor before it is of no use.
ALTER TABLE event_heads ADD COLUMN dropped bigint NOT NULL DEFAULT 0;

ALTER TABLE attempts RENAME TO attempts_earlier;
ALTER TABLE attempts_earlier
    DROP CONSTRAINT attempts_pkey, DROP CONSTRAINT attempts_target_id_token_key, DROP CONSTRAINT attempts_workspace_id_target_id_fkey;
ALTER TABLE attempts_earlier ADD CONSTRAINT attempts_earlier_pkey PRIMARY KEY USING INDEX attempts_token_and_time;
ALTER INDEX attempts_by_time RENAME TO attempts_earlier_by_time;
ALTER TABLE attempts_earlier RENAME CONSTRAINT attempts_kind_check TO attempts_kind;
CREATE TABLE attempts (
    id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    target_id uuid NOT NULL,
    n integer NOT NULL,
    kind text NOT NULL CONSTRAINT attempts_kind CHECK (kind IN ('PUBLISH', 'READ_BACK')),
    token bigint NOT NULL,
    worker uuid NOT NULL,
    started_at timestamptz NOT NULL,
    intent_at timestamptz,
    finished_at timestamptz,
    outcome text,
    error_code text,
    error_message text,
    http_status integer,
    remote_code text,
    remote_request_id text,
    PRIMARY KEY (target_id, token, started_at)
) PARTITION BY RANGE (started_at);
CREATE INDEX attempts_by_time ON attempts (workspace_id, started_at);
CREATE TABLE attempts_rest PARTITION OF attempts DEFAULT WITH (fillfactor = 70);

ALTER TABLE steps RENAME TO steps_earlier;
CREATE SEQUENCE steps_ids;
SELECT setval('steps_ids', last_value, is_called) FROM steps_id_seq;
ALTER TABLE steps_earlier
    DROP CONSTRAINT steps_pkey, DROP CONSTRAINT steps_workspace_id_target_id_fkey, ALTER COLUMN id DROP IDENTITY;
ALTER TABLE steps_earlier ALTER COLUMN id SET DEFAULT nextval('steps_ids');
ALTER TABLE steps_earlier ADD CONSTRAINT steps_earlier_pkey PRIMARY KEY USING INDEX steps_order_and_time;
DROP INDEX steps_of_target;
CREATE TABLE steps (
    id bigint NOT NULL DEFAULT nextval('steps_ids'),
    workspace_id uuid NOT NULL,
    target_id uuid NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    message text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (target_id, id, at)
) PARTITION BY RANGE (at);
ALTER SEQUENCE steps_ids OWNED BY steps.id;
CREATE TABLE steps_rest PARTITION OF steps DEFAULT;

-- What is there becomes the first partition as it stands, up to the end of the month of its newest row.
DO $$
DECLARE
    log record;
    newest timestamptz;
BEGIN
    FOR log IN SELECT * FROM (VALUES ('events', 'at'), ('attempts', 'started_at'), ('steps', 'at')) AS logs (name, at) LOOP
        EXECUTE format('SELECT max(%I) FROM %I', log.at, log.name || '_earlier') INTO newest;
        IF newest IS NULL THEN
            EXECUTE format('DROP TABLE %I', log.name || '_earlier');
        ELSE
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)', log.name, log.name || '_earlier',
                (date_trunc('month', newest AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC');
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION forget_timelines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM attempts a USING gone g WHERE a.target_id = g.id;
    DELETE FROM steps s USING gone g WHERE s.target_id = g.id;
    RETURN NULL;
END $$;
CREATE TRIGGER targets_forget_timelines AFTER DELETE ON targets
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_timelines();

CREATE FUNCTION forget_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM events e USING gone g WHERE e.workspace_id = g.id;
    RETURN NULL;
END $$;
CREATE TRIGGER workspaces_forget_events AFTER DELETE ON workspaces
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_events();
