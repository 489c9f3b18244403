-- What a line waited for before its last target was taken up, for that target's timeline.
ALTER TABLE lanes ADD COLUMN waited_until timestamptz;
ALTER TABLE lanes ADD COLUMN waited_for text;
