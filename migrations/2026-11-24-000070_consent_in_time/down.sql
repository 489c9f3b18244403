DROP TABLE revocations;
ALTER TABLE connections DROP COLUMN reauthorize_asked_for;
