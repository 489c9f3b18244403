-- The second wall between workspaces (docs/adr/0023). Requests work in a role of their own and say whose they are;
-- rows of other workspaces are not there for them, even where a query forgot to ask for the workspace. The server
-- itself owns the tables: no policy holds for it. The role and its grants are made by crates/store/src/wall.rs.
--
-- Each table is locked for a moment only; a few at a time, so that nobody waits long.

-- Whose request it is; nobody's when nothing was said, and of a transaction that ended '' is left.
CREATE FUNCTION current_workspace() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.workspace', true), '')::uuid;

CREATE PROCEDURE wall_off(tables text[]) LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('CREATE POLICY within_workspace ON %I USING (workspace_id = current_workspace())', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;

CREATE PROCEDURE open_wall(tables text[]) LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', name);
        EXECUTE format('DROP POLICY within_workspace ON %I', name);
    END LOOP;
END $$;
