-- Safe start of publishing after a failover or from a restored backup.

-- What may have been published since then is looked for before anything is sent.
ALTER TABLE targets ADD COLUMN read_back_from timestamptz;

-- On which database publishing claimed last. Another timeline, cluster or database means that the
-- newest writes may be lost.
CREATE TABLE database_incarnation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    known text NOT NULL,
    since timestamptz NOT NULL
);
