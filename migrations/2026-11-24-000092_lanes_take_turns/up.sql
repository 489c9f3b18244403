-- Fair between workspaces: the lines of one workspace on one network stand some milliseconds apart, so that the many that
-- are due at one instant do not all go before another's few that are due a moment later.
ALTER TABLE lanes ADD COLUMN turn integer NOT NULL DEFAULT 0;
UPDATE lanes l SET turn = least((numbered.number - 1) * 4, 60000)
FROM (SELECT connection_id, row_number() OVER (PARTITION BY workspace_id, network ORDER BY connection_id) AS number FROM lanes) numbered
WHERE l.connection_id = numbered.connection_id AND numbered.number > 1;

-- A time and some milliseconds; said to be immutable, which adding an interval with days would not be.
CREATE FUNCTION in_turn(at timestamptz, turn integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN at + turn * interval '1 millisecond';
