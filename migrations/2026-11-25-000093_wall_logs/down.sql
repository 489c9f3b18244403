ALTER TABLE audit_entries DISABLE ROW LEVEL SECURITY;
DROP POLICY within_workspace ON audit_entries;
ALTER TABLE audit_heads DISABLE ROW LEVEL SECURITY;
DROP POLICY within_workspace ON audit_heads;
CALL open_wall(ARRAY['event_heads', 'events', 'attempts', 'steps', 'request_log', 'request_drops', 'usage_counters',
    'webhook_endpoints', 'webhook_deliveries', 'webhook_attempts', 'jobs', 'job_results', 'job_keys']);
