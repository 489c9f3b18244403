ALTER TABLE connections DROP COLUMN refreshing_since;
ALTER TABLE connections DROP COLUMN reauthorize_by;
