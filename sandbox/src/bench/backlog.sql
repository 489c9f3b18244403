-- A backlog for figures and plans: targets scheduled for each connection there is. Needs a superuser: no trigger runs.
CREATE FUNCTION pg_temp.id(kind int, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex(kind), 16, '0') || lpad(to_hex(number), 16, '0'))::uuid $$;

-- Each post goes to all connections of its workspace; the `n`th is due `n` times `apart` after `since`, each connection a
-- little later than the one before it.
CREATE FUNCTION pg_temp.backlog(each int, since timestamptz, apart interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    INSERT INTO posts (id, workspace_id, body, due_at, provenance, created_at, updated_at)
        SELECT pg_temp.id(3, (w.place << 32) + n), w.id, jsonb_build_object('content', jsonb_build_object('text', 'Backlog ' || n)),
            since + n * apart, '{"kind":"SYSTEM"}', since - interval '1 year', since - interval '1 year'
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM workspaces) w, generate_series(1, each) n;
    INSERT INTO targets (id, workspace_id, post_id, connection_id, network, position, settings, state, due_at, misfire, if_absent,
            created_at, updated_at)
        SELECT pg_temp.id(4, (c.place << 32) + n), c.workspace_id, pg_temp.id(3, (w.place << 32) + n), c.id, c.network, c.place, '{}', 'SCHEDULED',
            since + n * apart + c.place % 1000 * interval '1 second', 'PUBLISH_LATE', 'RESEND', since - interval '1 year', since - interval '1 year'
        FROM generate_series(1, each) n, (SELECT *, row_number() OVER (ORDER BY id) AS place FROM connections) c
            JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM workspaces) w ON w.id = c.workspace_id;
    UPDATE lanes l SET next_due_at = h.due_at FROM (
        SELECT connection_id, min(due_at) AS due_at FROM targets WHERE state = 'SCHEDULED' GROUP BY 1) h WHERE h.connection_id = l.connection_id;
END $$;
