CREATE FUNCTION pg_temp.id(number int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT lpad(to_hex(number), 32, '0')::uuid $$;
INSERT INTO workspaces VALUES (pg_temp.id(1), 'Workspace', 'UTC', '2027-01-01');
INSERT INTO event_heads (workspace_id, seq) VALUES (pg_temp.id(1), 4);
INSERT INTO connections (id, workspace_id, network, remote_id, name, status, tokens, created_at, updated_at)
    VALUES (pg_temp.id(2), pg_temp.id(1), 'X', '2', 'Account', 'ACTIVE', 'x', '2027-01-01', '2027-01-01');
INSERT INTO posts (id, workspace_id, body, provenance, created_at, updated_at)
    SELECT pg_temp.id(n), pg_temp.id(1), '{}', '{}', '2027-01-01', '2027-01-01' FROM generate_series(3, 4) n;
INSERT INTO targets (id, workspace_id, post_id, connection_id, network, position, settings, state, due_at, misfire, if_absent, created_at, updated_at)
    SELECT pg_temp.id(n + 2), pg_temp.id(1), pg_temp.id(n), pg_temp.id(2), 'X', 0, '{}', 'SCHEDULED', '2027-01-02', 'ASK', 'RESEND', '2027-01-01', '2027-01-01'
    FROM generate_series(3, 4) n;
UPDATE targets SET state = 'PUBLISHED', published_at = '2027-01-02' WHERE id = pg_temp.id(5);
UPDATE targets SET state = 'HELD', error_code = 'MISSED_TIME' WHERE id = pg_temp.id(6);
INSERT INTO attempts (id, workspace_id, target_id, n, kind, token, worker, started_at)
    SELECT pg_temp.id(10 * target + month), pg_temp.id(1), pg_temp.id(target), month, 'PUBLISH', month, pg_temp.id(9), make_timestamptz(2027, month, 2, 0, 0, 0, 'UTC')
    FROM generate_series(5, 6) target, generate_series(1, 2) month;
INSERT INTO steps (workspace_id, target_id, attempt, at, kind, message, detail)
    SELECT workspace_id, target_id, n, started_at, 'CLAIMED', 'It begins.', '{}' FROM attempts;
INSERT INTO events (workspace_id, seq, id, at, kind, provenance, data)
    SELECT pg_temp.id(1), n, pg_temp.id(50 + n), make_timestamptz(2027, (n + 1) / 2, 2, 0, 0, 0, 'UTC'), 'post.created', '{}', '{}' FROM generate_series(1, 4) n;
INSERT INTO webhook_endpoints (id, workspace_id, url, status, secret, author, cursor, created_at, updated_at)
    VALUES (pg_temp.id(7), pg_temp.id(1), 'https://example.org/', 'ENABLED', 'x', '{}', 1, '2027-01-01', '2027-01-01');
