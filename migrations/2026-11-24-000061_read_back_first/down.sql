DROP TABLE database_incarnation;
ALTER TABLE targets DROP COLUMN read_back_from;
