-- Accounts, posts and media.
CALL wall_off(ARRAY['connections', 'grants', 'revocations', 'budgets', 'media', 'posts', 'post_media', 'lanes', 'targets', 'target_metrics']);

CREATE POLICY within_workspace ON renditions
    USING (EXISTS (SELECT FROM media m WHERE m.id = media_id AND m.workspace_id = current_workspace()));
ALTER TABLE renditions ENABLE ROW LEVEL SECURITY;

CREATE POLICY within_workspace ON quota_readings
    USING (EXISTS (SELECT FROM connections c WHERE c.id = connection_id AND c.workspace_id = current_workspace()));
ALTER TABLE quota_readings ENABLE ROW LEVEL SECURITY;
