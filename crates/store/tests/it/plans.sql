-- Rows enough for the planner to have a choice; ids are kind << 64 | number.
CREATE FUNCTION pg_temp.id(kind int, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex(kind), 16, '0') || lpad(to_hex(number), 16, '0'))::uuid $$;

INSERT INTO workspaces SELECT pg_temp.id(1, n), 'Workspace ' || n, 'UTC', '2027-01-01' FROM generate_series(1, 2) n;
INSERT INTO event_heads SELECT id, 5000 FROM workspaces;
INSERT INTO users SELECT pg_temp.id(10, n), 'person' || n || '@example.com', 'Person', 'x', '2027-01-01' FROM generate_series(1, 3000) n;
INSERT INTO api_keys (id, workspace_id, name, role, hash, created_at, old_hash, old_expires_at)
    SELECT pg_temp.id(11, n), pg_temp.id(1, 1 + n % 2), 'Key', 'EDITOR', ('hash ' || n)::bytea, timestamptz '2027-01-01' + n * interval '1 second',
        CASE WHEN n % 3 = 0 THEN ('old ' || n)::bytea END, CASE WHEN n % 3 = 0 THEN timestamptz '2027-02-01' END FROM generate_series(1, 3000) n;
INSERT INTO roles (id, workspace_id, name, permissions, provenance, created_at, updated_at)
    SELECT pg_temp.id(14, n), pg_temp.id(1, 1 + n % 2), 'Role ' || n, '{READ}', '{"kind":"SYSTEM"}', timestamptz '2027-01-01' + n * interval '1 second', '2027-01-01'
    FROM generate_series(1, 3000) n;
INSERT INTO members (workspace_id, user_id, role, role_id, created_at)
    SELECT pg_temp.id(1, 1 + n % 2), pg_temp.id(10, n), CASE WHEN n % 3 = 0 THEN 'CUSTOM' ELSE 'EDITOR' END,
        CASE WHEN n % 3 = 0 THEN pg_temp.id(14, n) END, timestamptz '2027-01-01' + n * interval '1 second' FROM generate_series(1, 3000) n;
INSERT INTO sessions (id, user_id, workspace_id, created_at, expires_at, salt, refreshed_at, authenticated_at)
    SELECT pg_temp.id(17, n), pg_temp.id(10, 1 + (n - 1) % 3000), pg_temp.id(1, 1 + n % 2), '2027-01-01', '2027-02-01', 'x', '2027-01-01', '2027-01-01'
    FROM generate_series(1, 6000) n;
INSERT INTO teams (id, workspace_id, name, role, provenance, created_at, updated_at)
    SELECT pg_temp.id(16, n), pg_temp.id(1, 1 + n % 2), 'Team ' || n, 'EDITOR', '{"kind":"SYSTEM"}', timestamptz '2027-01-01' + n * interval '1 second', '2027-01-01'
    FROM generate_series(1, 2000) n;
INSERT INTO team_members SELECT pg_temp.id(1, 1 + n % 2), pg_temp.id(16, 1 + (n - 1) % 2000), pg_temp.id(10, n) FROM generate_series(1, 3000) n;
UPDATE api_keys SET user_id = pg_temp.id(10, ('x' || right(id::text, 8))::bit(32)::int) WHERE old_hash IS NOT NULL;
INSERT INTO invitations (id, workspace_id, email, role, role_id, hash, provenance, created_at, sent_at, expires_at, accepted_at)
    SELECT pg_temp.id(15, n), pg_temp.id(1, 1 + n % 2), 'new' || n || '@example.com', CASE WHEN n % 5 = 0 THEN 'CUSTOM' ELSE 'EDITOR' END,
        CASE WHEN n % 5 = 0 THEN pg_temp.id(14, n) END, ('hash ' || n)::bytea, '{"kind":"SYSTEM"}',
        timestamptz '2027-01-01' + n * interval '1 second', '2027-01-01', '2027-01-08', CASE WHEN n % 2 = 0 THEN timestamptz '2027-01-02' END
    FROM generate_series(1, 3000) n;
INSERT INTO request_log (id, workspace_id, request_id, at, credential, transport, kind, operation, root_fields, status, error_code, duration_ms)
    SELECT pg_temp.id(12, n), pg_temp.id(1, 1 + n % 2), 'req_' || n, timestamptz '2027-01-01' + n * interval '1 second', 'key_' || n % 40, 'HTTP', 'QUERY', 'post', '{post}',
        200, CASE WHEN n % 50 = 0 THEN 'NOT_FOUND' END, 5 FROM generate_series(1, 20000) n;
INSERT INTO workspaces SELECT pg_temp.id(1, n), 'Workspace ' || n, 'UTC', '2027-01-01' FROM generate_series(3, 20) n;
INSERT INTO usage_counters SELECT pg_temp.id(1, 1 + n / 2000), timestamptz '2026-10-01' + n % 2000 * interval '1 hour', 'key', 'post', 200, '', 3, 7 FROM generate_series(0, 39999) n;
INSERT INTO connections (id, workspace_id, network, remote_id, name, status, tokens, refresh_due_at, reauthorize_by, created_at, updated_at)
    SELECT pg_temp.id(2, n), pg_temp.id(1, 1 + n % 2), 'X', 'remote ' || n, 'Account', 'ACTIVE', 'x',
        CASE WHEN n % 10 = 0 THEN timestamptz '2027-02-01' END, CASE WHEN n % 20 = 0 THEN timestamptz '2027-03-01' END, timestamptz '2027-01-01' + n * interval '1 second', '2027-01-01'
    FROM generate_series(1, 4000) n;
INSERT INTO revocations (connection_id, workspace_id, tokens, next_at, created_at)
    SELECT pg_temp.id(2, n), pg_temp.id(1, 1 + n % 2), 'x', timestamptz '2027-01-05' + n * interval '1 minute', '2027-01-01' FROM generate_series(1, 3000) n;
INSERT INTO posts (id, workspace_id, body, due_at, provenance, created_at, updated_at)
    SELECT pg_temp.id(3, n), pg_temp.id(1, 1 + n % 2), '{"content":{"text":"A post"}}', timestamptz '2027-01-04' + n * interval '1 minute',
        '{"kind":"SYSTEM"}', timestamptz '2027-01-01' + n * interval '1 second', timestamptz '2027-01-01' + n * interval '1 second'
    FROM generate_series(1, 8000) n;
INSERT INTO targets (id, workspace_id, post_id, connection_id, network, position, settings, state, due_at, misfire, if_absent, created_at, updated_at)
    SELECT pg_temp.id(4, n), pg_temp.id(1, 1 + n % 2), pg_temp.id(3, n), pg_temp.id(2, 1 + (n - 1) % 4000),
        'X', 0, '{}', 'SCHEDULED', timestamptz '2027-01-04' + n * interval '1 minute', 'ASK', 'RESEND',
        timestamptz '2027-01-01' + n * interval '1 second', '2027-01-01'
    FROM generate_series(1, 8000) n;
ALTER TABLE targets DISABLE TRIGGER USER;
UPDATE targets SET words = ('words ' || position(right(id::text, 1) IN '0123'))::bytea, kind = 'FEED', price = CASE WHEN id::text LIKE '%0' THEN 15000 END,
    look_at = CASE WHEN id::text LIKE '%00' THEN due_at - interval '1 day' END;
UPDATE targets SET state = 'UNCERTAIN', intent = '{"at":"2027-01-01T00:00:00Z","ready":null,"after_id":null,"known_ids":[]}', reconcile_after = timestamptz '2027-06-01' + position * interval '1 second'
    WHERE id <= pg_temp.id(4, 1500);
UPDATE targets SET state = 'PUBLISHED', remote_id = id::text, permalink = 'https://x.com/home/status/' || id, published_at = created_at WHERE id > pg_temp.id(4, 6000);
ALTER TABLE targets ENABLE TRIGGER USER;
INSERT INTO target_metrics (target_id, workspace_id, connection_id, network, views, read_at, due_at)
    SELECT id, workspace_id, connection_id, network, 7, created_at, CASE WHEN position(right(id::text, 1) IN '0123') > 0 THEN due_at END FROM targets;
INSERT INTO lanes (connection_id, workspace_id, network, next_due_at)
    SELECT id, workspace_id, network, timestamptz '2026-12-30' + (row_number() OVER ()) * interval '5 minutes' FROM connections WHERE id > pg_temp.id(2, 1500);
INSERT INTO steps (workspace_id, target_id, attempt, at, kind, message, detail)
    SELECT workspace_id, id, 1, '2027-01-01', 'CLAIMED', 'x', '{}' FROM targets;
INSERT INTO attempts (id, workspace_id, target_id, n, kind, token, worker, started_at)
    SELECT id, workspace_id, id, 1, 'PUBLISH', 1, id, '2027-01-01' FROM targets;
INSERT INTO events (workspace_id, seq, id, at, kind, post_id, provenance, data)
    SELECT pg_temp.id(1, 1 + n % 2), n, pg_temp.id(5, n), '2027-01-01', 'post.created', pg_temp.id(3, n), '{"kind":"SYSTEM"}', '{}' FROM generate_series(1, 5000) n;
INSERT INTO idempotency_keys (workspace_id, credential_id, key, fingerprint, created_at, lease_until, expires_at)
    SELECT pg_temp.id(1, 1 + n % 2), pg_temp.id(11, n % 50), 'key ' || n, 'x', '2027-01-01', '2027-01-01',
        timestamptz '2027-01-02' + n * interval '1 minute' FROM generate_series(1, 5000) n;
INSERT INTO media (id, workspace_id, status, file_name, bytes, provenance, created_at, expires_at)
    SELECT pg_temp.id(6, n), pg_temp.id(1, 1 + n % 2), 'UPLOADING', 'a.jpg', 1, '{"kind":"SYSTEM"}', timestamptz '2027-01-01' + n * interval '1 second',
        CASE WHEN n % 50 = 0 THEN timestamptz '2027-02-01' END FROM generate_series(1, 4000) n;
INSERT INTO webhook_endpoints (id, workspace_id, url, status, secret, author, cursor, sequence, next_due_at, created_at, updated_at)
    SELECT pg_temp.id(7, n), pg_temp.id(1, 1 + n % 2), 'https://example.org/', 'ENABLED', 'x', '{"kind":"SYSTEM"}',
        CASE WHEN n % 500 = 0 THEN 4990 ELSE 5000 END, 5, CASE WHEN n % 10 = 0 THEN timestamptz '2027-01-03' + n * interval '1 minute' END,
        timestamptz '2027-01-01' + n * interval '1 second', '2027-01-01'
    FROM generate_series(1, 4000) n;
INSERT INTO webhook_deliveries (id, workspace_id, endpoint_id, sequence, event_seq, kind, state, worker, due_at, created_at, finished_at)
    SELECT pg_temp.id(8, n), pg_temp.id(1, 1 + n % 2), pg_temp.id(7, 1 + (n - 1) % 8), 1 + (n - 1) / 8, 1, 'post.created',
        CASE WHEN n % 10 = 0 THEN 'PENDING' ELSE 'SUCCEEDED' END, CASE WHEN n % 100 = 0 THEN pg_temp.id(9, 1) END,
        CASE WHEN n % 10 = 0 THEN timestamptz '2027-01-03' + n * interval '1 minute' END,
        timestamptz '2027-01-01' + n * interval '1 second', CASE WHEN n % 10 <> 0 THEN timestamptz '2027-01-01' + n * interval '1 second' END
    FROM generate_series(1, 9999) n;
INSERT INTO webhook_attempts (delivery_id, n, workspace_id, started_at) SELECT id, 1, workspace_id, created_at FROM webhook_deliveries;
INSERT INTO jobs (id, workspace_id, kind, format, state, file_name, bytes, dry_run, time_zone, provenance, free_at, expires_at, created_at)
    SELECT pg_temp.id(12, n), pg_temp.id(1, 1 + n % 2), 'POSTS_IMPORT', 'CSV', CASE WHEN n % 50 = 0 THEN 'QUEUED' ELSE 'UPLOADING' END, 'a.csv', 1, false, 'UTC',
        '{"kind":"SYSTEM"}', CASE WHEN n % 50 = 0 THEN timestamptz '2027-01-01' + n * interval '1 second' END,
        CASE WHEN n % 50 > 0 THEN timestamptz '2026-12-01' + n * interval '1 hour' END, timestamptz '2027-01-01' + n * interval '1 second'
    FROM generate_series(1, 4000) n;
INSERT INTO job_results (job_id, workspace_id, line, outcome, key, problems)
    SELECT pg_temp.id(12, 1 + n % 10), pg_temp.id(1, 1 + (1 + n % 10) % 2), n, CASE WHEN n % 100 = 0 THEN 'INVALID' ELSE 'CREATED' END, 'key ' || n, '[]'
    FROM generate_series(1, 20000) n;
INSERT INTO job_keys SELECT pg_temp.id(1, 1), 'key ' || n, pg_temp.id(3, n), timestamptz '2027-01-01' + n * interval '1 hour' FROM generate_series(1, 4000) n;
INSERT INTO data_keys SELECT pg_temp.id(1, 1 + n % 2), 1 + n / 2, gen_random_uuid(), 'master', 'x', timestamptz '2027-01-01' FROM generate_series(1, 4000) n;
INSERT INTO audit_entries (chain, seq, at, act, actor, subject, detail_hash, hash)
    SELECT pg_temp.id(1, 1 + n % 2), 1 + n / 2, timestamptz '2027-01-01' + n * interval '1 minute', 'act.' || n % 40, 'key_' || n % 50, 'key_' || n % 1000, '', ''
    FROM generate_series(1, 6000) n;
INSERT INTO identities SELECT pg_temp.id(70, n), pg_temp.id(10, n), 'acme', 'https://id.example', 'subject' || n, NULL, '2027-01-01', NULL FROM generate_series(1, 3000) n;
INSERT INTO provider_steps SELECT decode(md5(n::text), 'hex'), 'STATE', 'SIGN_IN', 'acme', '\x00', NULL, 'https://posthaste.test/', NULL, NULL, NULL, '2027-01-01', timestamptz '2027-01-01' + n * interval '1 minute' FROM generate_series(1, 5000) n;
INSERT INTO oauth_apps (id, workspace_id, name, redirect_uris, permissions, provenance, created_at, updated_at)
    SELECT pg_temp.id(18, n), pg_temp.id(1, 1 + n % 2), 'App', '{https://app.example/}', '{READ}', '{"kind":"SYSTEM"}',
        timestamptz '2027-01-01' + n * interval '1 second', '2027-01-01' FROM generate_series(1, 3000) n;
INSERT INTO oauth_grants (id, workspace_id, app_id, user_id, permissions, created_at, expires_at, salt, generation, refreshed_at)
    SELECT pg_temp.id(19, n), pg_temp.id(1, 1 + n % 2), pg_temp.id(18, n), pg_temp.id(10, n), '{READ}',
        timestamptz '2027-01-01' + n * interval '1 second', timestamptz '2027-01-31' + n * interval '1 minute', 'x', 1, '2027-01-01'
    FROM generate_series(1, 3000) n;
INSERT INTO oauth_codes (hash, workspace_id, app_id, user_id, redirect_uri, challenge, permissions, expires_at)
    SELECT ('hash ' || n)::bytea, pg_temp.id(1, 1 + n % 2), pg_temp.id(18, n), pg_temp.id(10, n), 'https://app.example/', 'x', '{READ}',
        timestamptz '2027-01-01' + n * interval '1 minute' FROM generate_series(1, 3000) n;
