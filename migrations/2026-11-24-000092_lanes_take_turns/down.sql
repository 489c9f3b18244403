DROP FUNCTION in_turn(timestamptz, integer);
ALTER TABLE lanes DROP COLUMN turn;
