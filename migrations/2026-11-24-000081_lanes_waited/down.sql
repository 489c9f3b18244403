ALTER TABLE lanes DROP COLUMN waited_for;
ALTER TABLE lanes DROP COLUMN waited_until;
