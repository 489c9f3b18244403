ALTER TABLE quota_readings DISABLE ROW LEVEL SECURITY;
DROP POLICY within_workspace ON quota_readings;
ALTER TABLE renditions DISABLE ROW LEVEL SECURITY;
DROP POLICY within_workspace ON renditions;
CALL open_wall(ARRAY['connections', 'grants', 'revocations', 'budgets', 'media', 'posts', 'post_media', 'lanes', 'targets', 'target_metrics']);
