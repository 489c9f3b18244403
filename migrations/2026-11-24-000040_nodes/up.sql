-- Who runs where, who is asked to stop, and who was lost.
ALTER TABLE nodes
    ADD COLUMN host text NOT NULL DEFAULT '',
    ADD COLUMN version text NOT NULL DEFAULT '',
    -- Since when it is asked to hand its work over, and since when it has.
    ADD COLUMN drain_asked_at timestamptz,
    ADD COLUMN drained_at timestamptz,
    -- When another one found that it gives no sign of life.
    ADD COLUMN lost_at timestamptz;

-- The breaker of a connection: how many tries in a row the network failed to answer, and since when.
ALTER TABLE lanes
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN failing_since timestamptz;
