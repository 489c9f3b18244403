DROP TABLE audit_entries, audit_heads;
DROP FUNCTION refuse_audit_change, refuse_audit_cut;
