INSERT INTO workspaces (id, name, time_zone, created_at) SELECT id, 'One of two', 'UTC', '2027-01-01Z'
FROM unnest(ARRAY['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002']::uuid[]) AS id;
INSERT INTO users (id, email, name, password_hash, created_at)
SELECT id, lower(name) || '@example.com', name, 'secret', '2027-01-01Z'
FROM (SELECT id, CASE id WHEN '00000000-0000-0000-0000-000000000001' THEN 'Ada' ELSE 'Ben' END AS name FROM workspaces) AS people;
INSERT INTO members (workspace_id, user_id, role, created_at) SELECT id, id, 'OWNER', '2027-01-01Z' FROM workspaces;
INSERT INTO media (id, workspace_id, status, file_name, bytes, provenance, created_at)
SELECT id, id, 'UPLOADING', 'a.png', 1, '{}', '2027-01-01Z' FROM workspaces;
INSERT INTO renditions (media_id, recipe, facts, created_at)
SELECT id, CASE id WHEN '00000000-0000-0000-0000-000000000001' THEN 'small' ELSE 'large' END, '{}', '2027-01-01Z' FROM workspaces;
INSERT INTO connections (id, workspace_id, network, remote_id, name, status, tokens, created_at, updated_at)
SELECT id, id, 'X', 'a', 'a', 'ACTIVE', 'sealed', '2027-01-01Z', '2027-01-01Z' FROM workspaces;
INSERT INTO quota_readings (network, connection_id, window_seconds, posts, remaining, read_at)
SELECT 'X', id, 60, CASE id WHEN '00000000-0000-0000-0000-000000000001' THEN 1 ELSE 2 END, 1, '2027-01-01Z' FROM workspaces;
