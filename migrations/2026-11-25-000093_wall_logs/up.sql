-- Logs, webhooks and bulk jobs. Partitions have no policy of their own: requests may reach them through their table only.
CALL wall_off(ARRAY['event_heads', 'events', 'attempts', 'steps', 'request_log', 'request_drops', 'usage_counters',
    'webhook_endpoints', 'webhook_deliveries', 'webhook_attempts', 'jobs', 'job_results', 'job_keys']);

-- A workspace's chain has its id.
CREATE POLICY within_workspace ON audit_heads USING (chain = current_workspace());
ALTER TABLE audit_heads ENABLE ROW LEVEL SECURITY;
CREATE POLICY within_workspace ON audit_entries USING (chain = current_workspace());
ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY;
