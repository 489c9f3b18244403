-- Fair between workspaces: the lines of one workspace on one network stand some milliseconds apart, so that the many that
-- are due at one instant do not all go before another's few that are due a moment later.
ALTER TABLE lanes ADD COLUMN turn integer NOT NULL DEFAULT 0;

-- A time and some milliseconds; said to be immutable, which adding an interval with days would not be.
CREATE FUNCTION in_turn(due timestamptz, turn integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN due + turn * interval '1 millisecond';
