-- One row of either of two workspaces in each table that belongs to workspaces.
CREATE TABLE walled AS
SELECT c.relname::text AS name, a.attname::text AS key
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
    AND a.attname = CASE c.relname WHEN 'workspaces' THEN 'id' WHEN 'audit_heads' THEN 'chain' WHEN 'audit_entries' THEN 'chain'
        ELSE 'workspace_id' END
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition;

-- What rows say does not matter here.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT conname, conrelid::regclass AS tab FROM pg_constraint
        WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace AND coninhcount = 0 LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', one.tab, one.conname);
    END LOOP;
    FOR one IN SELECT name FROM walled LOOP
        EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', one.name);
    END LOOP;
END $$;

DO $$
DECLARE
    tab record;
    whose uuid;
    columns text;
    contents text;
BEGIN
    FOR tab IN SELECT * FROM walled LOOP
        FOREACH whose IN ARRAY ARRAY['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002']::uuid[] LOOP
            SELECT string_agg(quote_ident(attname), ', '), string_agg(CASE
                WHEN attname = tab.key THEN quote_literal(whose)
                WHEN kind = 'uuid' THEN 'gen_random_uuid()'
                WHEN kind = 'text' THEN 'gen_random_uuid()::text'
                WHEN kind = 'bytea' THEN 'uuid_send(gen_random_uuid())'
                WHEN kind = 'boolean' THEN 'false'
                WHEN kind = 'jsonb' OR kind LIKE '%[]' THEN quote_literal('{}')
                WHEN kind LIKE 'timestamp%' THEN quote_literal('2027-01-04 08:00Z')
                ELSE '1' END, ', ')
            INTO columns, contents
            FROM (SELECT *, format_type(atttypid, NULL) AS kind FROM pg_attribute
                WHERE attrelid = tab.name::regclass AND attnum > 0 AND NOT attisdropped
                AND (attname = tab.key OR attnotnull AND NOT atthasdef)) AS needed;
            EXECUTE format('INSERT INTO %I (%s) VALUES (%s)', tab.name, columns, contents);
        END LOOP;
        -- For those who try to slip it in.
        EXECUTE format('CREATE TABLE %I AS SELECT * FROM %I WHERE %I = %L', 'foreign_' || tab.name, tab.name, tab.key, whose);
        EXECUTE format('GRANT SELECT ON %I TO PUBLIC', 'foreign_' || tab.name);
    END LOOP;
    GRANT SELECT ON walled TO PUBLIC;
END $$;
