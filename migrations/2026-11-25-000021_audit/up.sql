-- The audit log: what concerns security, in chains. Each workspace has one under its own id, the server one
-- under the nil id. The head's row lock gives each entry the next number and the hash of the one before it.

CREATE TABLE audit_heads (
    chain uuid PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE audit_entries (
    -- No foreign key: what was done to a workspace outlives it.
    chain uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    act text NOT NULL,
    actor text NOT NULL,
    subject text,
    -- Both go when a person is erased; the hash stays in the chain.
    detail jsonb,
    salt bytea,
    detail_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (chain, seq),
    CHECK ((detail IS NULL) = (salt IS NULL))
);
CREATE INDEX audit_entries_by_act ON audit_entries (chain, act, seq);
CREATE INDEX audit_entries_by_actor ON audit_entries (chain, actor, seq);
CREATE INDEX audit_entries_by_subject ON audit_entries (chain, subject, seq);
CREATE INDEX audit_entries_by_time ON audit_entries (chain, at);

-- The only change there is: a detail and its salt are erased.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.detail IS NULL AND NEW.salt IS NULL
            AND (NEW.chain, NEW.seq, NEW.at, NEW.act, NEW.actor, NEW.subject, NEW.detail_hash, NEW.hash)
                IS NOT DISTINCT FROM
                (OLD.chain, OLD.seq, OLD.at, OLD.act, OLD.actor, OLD.subject, OLD.detail_hash, OLD.hash) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is only ever appended to'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_entries_append_only';
END $$;
-- A chain's end only ever moves on.
CREATE FUNCTION refuse_audit_cut() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.chain = OLD.chain AND NEW.seq >= OLD.seq THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is only ever appended to'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_heads_append_only';
END $$;
CREATE TRIGGER audit_heads_append_only BEFORE UPDATE OR DELETE ON audit_heads
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_cut();
CREATE TRIGGER audit_heads_not_truncated BEFORE TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_cut();
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_entries_not_truncated BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
